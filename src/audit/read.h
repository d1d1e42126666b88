// read.h: segment files, read line by line and held to the chain.
#ifndef AUDIT_READ_H
#define AUDIT_READ_H
#include "audit/key.h"
#include "audit/record.h"

struct audit_scan {
    struct audit_walk *walk;
    // After each line that the walk took; false ends the reading, with why.
    bool (*each)(struct audit_scan *s, const struct audit_row *row, str line);
    void *arg;
    uint64_t whole_bytes, torn_bytes; // up to the last line's end; behind it
    char why[320];
};
// Reads a segment on from where the walk stands. ERR_BAD_FILE and s->why: it does not hold.
enum err audit_scan_file(const char *path, struct audit_scan *s) must_check;

// 000017.log, 000017.checkpoint; the whole path.
void audit_file_name(char ret_path[AUDIT_PATH_MAX], str folder, uint64_t number, const char *end);
// The smallest and largest number of such a file in the folder; false where there is none.
bool audit_file_range(str folder, const char *end, uint64_t *ret_first, uint64_t *ret_last);
// A checkpoint's file. OK, ERR_NO_ROUTE where there is none, ERR_BAD_FILE where it is none or its
// signature does not hold.
enum err audit_checkpoint_load(const char *path, struct audit_checkpoint *ret) must_check;
#endif
