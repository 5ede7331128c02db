#define _GNU_SOURCE
#include "CLinux.h"

#include <link.h>
#include <malloc.h>

static const uintptr_t page = 4096;
// Of a mapping: the kernel maps what is around a page that is read, sixteen pages or to the mapping's ends.
static const uintptr_t piece = 4 * 4096;

// Calls `take` with each part of the program and its libraries that nobody can write. Others hold what
// relocation and the program have written.
static int each_segment(struct dl_phdr_info *object, size_t size, void *take) {
  (void)size;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
    uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);
    (*(void (**)(uintptr_t, uintptr_t))take)(start, end);
  }
  return 0;
}

static void release(uintptr_t start, uintptr_t end) { madvise((void *)start, end - start, MADV_DONTNEED); }

// Every second piece is a mapping that does not go into core files, which pages of files never do; the first
// one stays, whose ELF header does.
static void cut(uintptr_t start, uintptr_t end) {
  for (start += piece; start < end; start += 2 * piece)
    madvise((void *)start, end - start < piece ? end - start : piece, MADV_DONTDUMP);
}

void onggi_release_start_memory(void) {
  void (*take)(uintptr_t, uintptr_t) = release;
  dl_iterate_phdr(each_segment, &take);
  malloc_trim(0);
}

void onggi_cut_mappings(void) {
  void (*take)(uintptr_t, uintptr_t) = cut;
  dl_iterate_phdr(each_segment, &take);
}
