// For rotated files: ZSTD_compressStream2.
#include <zstd.h>
