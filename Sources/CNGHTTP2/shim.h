// nghttp2 as the system has it, and the few things its headers say only as macros.
#ifndef ISTHMUS_CNGHTTP2_H
#define ISTHMUS_CNGHTTP2_H

#include <nghttp2/nghttp2.h>

#endif
