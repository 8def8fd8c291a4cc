/* The inside of a pack; see gitpack.h. The pure parts are here for tests. */
#ifndef SOURCE_GITPACK_IMPL_H
#define SOURCE_GITPACK_IMPL_H

#include "base/vec.h"
#include "source/gitpack.h"
#include "source/spool.h"

/* Bytes of the pack itself held in memory. */
enum { GITPACK_HELD = 8 << 20 };

struct gitpack_entry {
	uint64_t start; /* of the entry in the pack */
	uint64_t at;    /* of its packed bytes */
	union {
		const char *text; /* resolved, in memory */
		uint64_t spilled; /* resolved, in the file */
	};
	uint64_t base_at;  /* the base's name in the pack */
	uint32_t packed_n; /* size of what is packed: object or delta */
	uint32_t size;     /* of the object */
	uint32_t children; /* index + 1 of the first that waits for this one */
	uint32_t next;     /* that waits for the same */
	uint16_t depth;
	uint8_t type;
	bool memory, resolved;
	struct gitid id;
};

enum gitpack_work { GITPACK_DELTA, GITPACK_BASE, GITPACK_RESULT, GITPACK_WORKS };

struct gitpack_buffer {
	char *p;
	size_t n;
};

struct gitpack {
	struct gitpack_limits limits;
	enum gitid_algo algo;
	struct gitid_hash hash;
	struct spool packed, spilled;
	struct libdeflate_decompressor *inflate;
	str text;     /* all of the pack */
	uint64_t end; /* of the objects: the sum follows */
	struct gitpack_entry *entries;
	uint32_t count, resolved_n;
	uint32_t *ids, *waits; /* index + 1, hashed by name */
	size_t mask;
	VEC(uint32_t) stack;
	struct arena kept;
	size_t kept_n;
	uint64_t unpacked;
	struct gitpack_buffer work[GITPACK_WORKS];
};

/* Sizes that a delta tells: of its base, and of what it makes. */
bool gitpack_delta_size(str delta, size_t *from, size_t *to);
/* Make the `n` bytes of the new object; false for a bad delta. */
bool gitpack_apply(str base, str delta, char *to, size_t n);
err *gitpack_check_time(const struct gitpack *p) __attribute__((warn_unused_result));

#endif
