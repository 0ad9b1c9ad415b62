// c-ares as Swift sees it: its own header, and the socket types its answers are made of.
#ifndef ISTHMUS_CARES_H
#define ISTHMUS_CARES_H

#include <netinet/in.h>
#include <sys/socket.h>

#include <ares.h>

#endif
