#ifndef CTOML_H
#define CTOML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Nested values (arrays, inline tables) of a document. The parser recurses once for each.
enum { CTOML_NESTED_VALUES = 16 };

typedef enum {
  CTOML_TABLE,
  CTOML_ARRAY,
  CTOML_STRING,
  CTOML_INTEGER,
  CTOML_FLOAT,
  CTOML_BOOLEAN,
  CTOML_DATE,
  CTOML_TIME,
  CTOML_DATE_TIME,
} ctoml_kind;

/// One value of a document. Lines and columns count from 1, columns in code points.
/// The texts live as long as the document and may hold NULs.
typedef struct {
  ctoml_kind kind;
  uint32_t line;
  uint32_t column;
  /// NULL for the elements of an array and for the root.
  const char *key;
  size_t key_length;
  uint32_t key_line;
  uint32_t key_column;
  /// Of a string.
  const char *text;
  size_t text_length;
  /// An integer; 0 or 1 of a boolean; the whole seconds since midnight of a time.
  int64_t integer;
  double number;
  /// How many values a table or an array holds.
  size_t children;
} ctoml_node;

/// A parsed document, or the first error in it.
typedef struct ctoml_document ctoml_document;

/// Never NULL. To be given to `ctoml_free`. `bytes` is not used after the call.
ctoml_document *ctoml_parse(const char *bytes, size_t length);
void ctoml_free(ctoml_document *document);

/// The message of the first syntax error and where it is; NULL when there is none.
const char *ctoml_error(const ctoml_document *document, size_t *length, uint32_t *line, uint32_t *column);

/// The values in preorder: a container, then each of its children with all that is in them.
/// Children stand in the order of the source. 0 nodes after an error, else the root comes first.
size_t ctoml_node_count(const ctoml_document *document);
ctoml_node ctoml_node_at(const ctoml_document *document, size_t index);

#ifdef __cplusplus
}
#endif

#endif
