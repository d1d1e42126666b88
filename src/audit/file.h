// file.h: the decision log's folder, open for writing. Belongs to the log's thread.
#ifndef AUDIT_FILE_H
#define AUDIT_FILE_H
#include "audit/read.h"

struct audit_file;
// Makes the folder, its key and its first segment where they are not there; else goes on behind the
// last whole record. A log that does not hold, or that another weir writes, is refused.
enum err audit_file_open(const struct audit_settings *s, struct audit_file **ret_file,
                         char ret_why[AUDIT_WHY]) must_check;
void audit_file_close(struct audit_file *f); // with a last checkpoint
const unsigned char *audit_file_public_key(const struct audit_file *f);

// A record joins the batch.
void audit_file_put(struct audit_file *f, str rest);
// The batch is on the disk, whole, or nothing of it is and ret_why tells why; then the next commit
// tries first to mend what was wrong. Forgets the batch either way.
bool audit_file_commit(struct audit_file *f, char ret_why[AUDIT_WHY]) must_check;
// Signs what is on the disk. False: ret_why tells where that could not be written.
bool audit_file_checkpoint(struct audit_file *f, char ret_why[AUDIT_WHY]) must_check;
bool audit_file_is_unsigned(const struct audit_file *f); // records came since the last checkpoint
#endif
