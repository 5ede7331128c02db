// libsystemd's part for daemons: socket activation, notification, the watchdog, the descriptor store.
#include <systemd/sd-daemon.h>
