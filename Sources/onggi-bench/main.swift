import Glibc
import LogDaemon

exit(run(SystemFiles.arguments()))
