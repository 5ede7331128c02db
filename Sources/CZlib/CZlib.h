// For rotated files: deflate(3) with a gzip header.
#include <zlib.h>
