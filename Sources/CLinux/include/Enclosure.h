// A command in network and mount namespaces of its own, and the one process that stays in there
// with it: it makes sockets on the inside for the proxy on the outside.
// In C, because between fork and exec only such code is sound, and a process of many threads cannot
// enter a user namespace at all.
#ifndef ISTHMUS_ENCLOSURE_H
#define ISTHMUS_ENCLOSURE_H

#include <stdint.h>
#include <sys/types.h>

/// Where the making of one ended.
enum isthmus_enclosure_step {
    ISTHMUS_ENCLOSURE_READY = 0,
    ISTHMUS_ENCLOSURE_FORK,
    ISTHMUS_ENCLOSURE_NAMESPACES,
    ISTHMUS_ENCLOSURE_IDENTITY,
    ISTHMUS_ENCLOSURE_MOUNTS,
    ISTHMUS_ENCLOSURE_LOOPBACK,
    ISTHMUS_ENCLOSURE_ROUTE,
    ISTHMUS_ENCLOSURE_RULES_PROGRAM,
    ISTHMUS_ENCLOSURE_RULES,
    ISTHMUS_ENCLOSURE_SOCKETS,
};

struct isthmus_enclosure_plan {
    /// False: no namespaces, only the command.
    int isolates;
    /// Connections to IPv6 addresses are taken as well.
    int takes_v6;
    /// What `nft -f -` reads; NULL for no rules.
    const char *_Nullable rules;
    /// Put over /etc/resolv.conf in there; NULL leaves it.
    const char *_Nullable resolver_file;
};

/// What the keeper says of itself once, and later of the command.
struct isthmus_enclosure_word {
    /// 'r' ready, 'f' failed, 's' the command runs, 'x' it could not be run, 'e' it has ended.
    int32_t kind;
    /// Of 'f'.
    int32_t step;
    /// errno of 'f' and 'x'; a wait status of 'e'; the process of 's'.
    int32_t value;
    int32_t has_v6;
    /// What nft said.
    char text[400];
};

struct isthmus_enclosure {
    pid_t keeper;
    int control;
    /// Sockets from the inside, one a message.
    int supply_v4;
    int supply_v6;
    /// UDP, IPv4; -1 without namespaces.
    int datagram;
};

/// Starts the keeper and waits for its first word. Call it before the first thread is started.
/// Returns 0 when it is ready; otherwise `word` says why not, and nothing is left behind.
int isthmus_enclosure_open(
    const struct isthmus_enclosure_plan *_Nonnull plan,
    struct isthmus_enclosure *_Nonnull enclosure, struct isthmus_enclosure_word *_Nonnull word);

/// Asks the keeper to run the command it was given with `isthmus_enclosure_command`.
int isthmus_enclosure_run(int control);

/// Asks the keeper to send the command a signal.
int isthmus_enclosure_signal(int control, int number);

/// The keeper's next word: 1 one was there, 0 not yet, -1 it is gone.
int isthmus_enclosure_listen(int control, struct isthmus_enclosure_word *_Nonnull word);

/// What the keeper is to run; before `open`, as it inherits the memory, and the environment.
void isthmus_enclosure_command(char *_Nullable const *_Nonnull arguments);

/// The next socket of a supply, or -1 when none comes within a second.
int isthmus_enclosure_take(int supply);

#endif
