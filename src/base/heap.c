#include "base/heap.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The threads are many, and most allocate little and seldom. */
enum { ARENAS_MAX = 4 };
/* From here on a block is mapped on its own, and unmapped when it is freed. What requests
 * and reconciles need at a time is below. Being set, it is not raised any more. */
enum { MAPPED_MIN = 512 << 10 };

void heap_stay_small(void)
{
	mallopt(M_ARENA_MAX, ARENAS_MAX);
	mallopt(M_MMAP_THRESHOLD, MAPPED_MIN);
}

/* What nobody may write is as in the file: it can be had again. Relocated data is not,
 * though it cannot be written any more: it lies in a segment that could be at first. */
static int let_go(struct dl_phdr_info *object, size_t size, void *ctx)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	bool program = !*object->dlpi_name;

	(void)size, (void)ctx;
	if (!program && !strchr(object->dlpi_name, '/'))	/* the kernel's own */
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t from = (object->dlpi_addr + p->p_vaddr) & ~(page - 1);
		uintptr_t to = (object->dlpi_addr + p->p_vaddr + p->p_filesz) & ~(page - 1);

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W) && to > from)
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void heap_rest(void)
{
	malloc_trim(0);
	/* Under the loader's lock: no library goes meanwhile. */
	dl_iterate_phdr(let_go, NULL);
}
