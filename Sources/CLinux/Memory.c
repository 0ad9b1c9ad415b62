// What stays in memory once a configuration is live, and in pages of which size. Both are advice to
// the kernel: where it declines, nothing changes but how much memory is resident and how fast.
#include "CLinux.h"

#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/// Pages of segments that nobody can write to are what the file holds, now and later: letting go of
/// them loses nothing. Segments that were written to and then protected (RELRO) have PF_W.
static int isthmus_release_segments(struct dl_phdr_info *info, size_t size, void *page) {
    (void)size;
    // The kernel's own page is nobody's file.
    if (strncmp(info->dlpi_name, "linux-vdso", 10) == 0) return 0;
    uintptr_t mask = ~((uintptr_t)*(long *)page - 1);
    for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & mask;
        uintptr_t end = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz) & mask;
        if (end > start) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void isthmus_release_code(void) {
    long page = sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(isthmus_release_segments, &page);
}

enum {
    /// What one entry of x86-64's and arm64's page middle directory maps, with pages of 4 KiB.
    huge_page = 2 << 20,
    page_size = 4096,
    pages_of_huge = huge_page / page_size,
};

/// A mapping of so many bytes is a reservation of addresses, as sanitizers and other allocators make
/// them, and no heap: looking at each of its blocks would take minutes.
static const uint64_t reservation = UINT64_C(64) << 30;

/// How many of the 512 pages from `start` on are in memory.
static int isthmus_resident_pages(uintptr_t start) {
    unsigned char resident[pages_of_huge];
    if (mincore((void *)start, huge_page, resident) != 0) return 0;
    int count = 0;
    for (int index = 0; index < pages_of_huge; index++) count += resident[index] & 1;
    return count;
}

void isthmus_collapse_heap(void) {
    if (sysconf(_SC_PAGESIZE) != page_size) return;
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) return;
    int gap = 0, refused = 0;
    char line[512], rights[5];
    uintptr_t start, end;
    unsigned long inode;
    while (fgets(line, sizeof line, maps) != NULL && !refused) {
        int fields = sscanf(
            line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %lu %n", &start, &end, rights, &inode, &gap);
        if (fields != 4 || strcmp(rights, "rw-p") != 0 || inode != 0) continue;
        // malloc's memory has no name but this one.
        if (line[gap] != '\0' && strncmp(line + gap, "[heap]", 6) != 0) continue;
        if (end - start >= reservation) continue;
        uintptr_t block = (start + huge_page - 1) & ~((uintptr_t)huge_page - 1);
        for (; block + huge_page <= end && !refused; block += huge_page) {
            // A huge page is resident as a whole: blocks with more than a quarter empty stay so.
            if (isthmus_resident_pages(block) < pages_of_huge / 4 * 3) continue;
            // Unknown before Linux 6.1, or no such page is free: asking on would not help.
            refused = madvise((void *)block, huge_page, MADV_COLLAPSE) != 0;
        }
    }
    fclose(maps);
}
