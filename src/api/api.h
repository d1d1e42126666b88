// api: wire dialects. Bytes in, ask and events out, and back. Pure: no socket, file, clock or
// random number. One file a dialect holds everything known of that wire. Where client and target
// speak the same dialect nothing is rebuilt: the body is forwarded with a few edits in place, a
// stream's events are forwarded as their own bytes and only watched.
#ifndef API_API_H
#define API_API_H
#include "base/buf.h"
#include "call/call.h"

// A change of a body in place: bytes [span) are replaced. Edits are sorted and do not overlap.
struct edit {
    struct span span;
    str with;
};
enum { EDIT_MAX = 8 };
struct edits {
    struct edit rows[EDIT_MAX];
    unsigned count;
};
// Length of the body after the edits, and its pieces as slices (at most 2*EDIT_MAX+1) for writev.
size_t api_edited_length(str body, const struct edits *e);
unsigned api_edited_slices(str body, const struct edits *e, str *ret_slices);

// What a target wants changed.
struct sending {
    str model;      // the target's model; empty leaves the client's word
    bool ask_usage; // ask for usage in a stream where the client did not
};

// Kinds of stream events, wide enough for every dialect (tools, reasoning, state), though the same
// dialect on both sides needs only a few.
enum event_kind {
    EVENT_OTHER,  // forward, nothing to know
    EVENT_DELTA,  // text, reasoning or tool input went by
    EVENT_USAGE,  // carries usage and nothing else
    EVENT_FINISH, // carries a finish reason
    EVENT_END,    // the dialect's end mark ([DONE], message_stop ...)
    EVENT_ERROR,  // the target reports an error inside the stream
    EVENT_SKIP,   // a keep-alive that must not be parsed
};
// What a stream or a whole answer told so far. Zero it, then feed. Strings live in the arena.
// usage holds something only where usage.reported is set.
struct answer_watch {
    struct usage usage;
    str usage_raw, finish, model;
    bool finished;         // a finish reason was seen
    bool ended;            // the end mark was seen
    bool failed;           // an error event was seen
    uint64_t output_bytes; // of text and tool input, for an estimate when no usage comes
    void *memory;          // the dialect's own, in the arena
};

// What a target said when it refused, in no dialect's form. The message may quote the prompt.
struct refusal {
    bool is_openai; // the body has OpenAI's form and no secret: its own bytes may be sent
    int status;     // the answer's; inside a stream what the body says, 0 where it says none
    struct text message;
    str type, code, param; // code and param may be empty
};
// Reads an error body of any form; never fails. status: the answer's, 0 inside a stream. secret:
// the target's key, which some providers quote back; nothing in ret_refusal holds it.
void api_read_refusal(struct arena *a, str body, int status, str secret,
                      struct refusal *ret_refusal);

// --- what a model said, put together to be checked
// ------------------------------------------------

enum { DRAFT_TOOLS_MAX = 8 };
// Of the first choice. Text is kept as it stands between JSON's quotes, piece behind piece.
struct draft {
    struct buf text;
    struct draft_tool {
        struct buf name, arguments;
    } tools[DRAFT_TOOLS_MAX];
    unsigned tool_count;
    bool declined; // by a field of its own for that
    bool unread;   // there is more than is kept here: nothing can be said of its form
    double logprob_sum;
    uint32_t logprob_count;
};
void api_draft_init(struct draft *r, size_t limit_bytes);
void api_draft_done(struct draft *r);
// What it says, decoded, for comparing. w: of the same answer; whole: it was no stream, whose end
// is told.
void api_draft_reply(struct arena *a, const struct draft *r, const struct answer_watch *w,
                     bool whole, struct reply *ret_reply);

// The form that a request wants its answer in. Schemas are JSON as the client wrote it, or empty;
// so is the conversation.
struct wanted {
    bool json, tool;
    str schema, messages;
    struct wanted_tool {
        str name, schema;
    } * tools;
    unsigned tool_count;
};

// What is wrong with an answer; DRAFT_OPEN: too little of it is there to tell.
enum draft_fault {
    DRAFT_FITS,
    DRAFT_EMPTY,
    DRAFT_DECLINED, // the model would not
    DRAFT_CUT,      // the model ran out of room, and the client had not asked for so little
    DRAFT_NO_JSON,
    DRAFT_OFF_SCHEMA,
    DRAFT_WRONG_TOOL, // a tool that is not offered, arguments that do not fit, or no call at all
    DRAFT_UNSURE,     // by its tokens' probabilities
    DRAFT_OPEN,
};
struct draft_check {
    const struct wanted *wanted;
    const struct draft *draft;
    str finish;
    int64_t output_tokens, max_output_tokens; // -1: not known, not said
    double confidence;                        // least mean chance of a token; 0: any
};
// A whole answer. Bounded work, whatever the schema; what is too much of it to check fits.
enum draft_fault api_check_draft(struct arena *a, const struct draft_check *c);
// The beginning of one whose form needs no end to be checked: DRAFT_FITS, _DECLINED or _OPEN.
enum draft_fault api_check_beginning(const struct draft *r);
bool api_form_needs_end(const struct wanted *w);

struct dialect {
    const char *name;
    // Reads a request. On failure ret_fault says where. The ask keeps spans of `body`, which must
    // outlive it. `a` takes what must be decoded.
    enum err (*read_ask)(struct arena *a, str body, struct ask *ret_ask, struct fault *ret_fault);
    // Same dialect out: the edits that the target needs.
    enum err (*edit_ask)(struct arena *a, const struct ask *ask, const struct sending *to,
                         struct edits *ret_edits);
    // One event of a stream: `event` is its name (may be empty), `data` its joined data lines.
    enum event_kind (*read_event)(struct arena *a, str event, str data, struct answer_watch *w);
    // A whole answer that was not streamed.
    enum err (*read_answer)(struct arena *a, str body, struct answer_watch *w);
    // Adds what an event's data, or a whole answer, says; what is not the dialect's adds nothing.
    void (*read_draft)(str data, struct draft *r);
    void (*read_wanted)(struct arena *a, str body, struct wanted *ret_wanted);
    // Error bodies: a whole answer, and one inside a stream that already began (framing included).
    void (*write_error)(struct buf *out, const struct fault *f, str call_id);
    void (*write_stream_error)(struct buf *out, const struct fault *f, str call_id);
    // The same for what a target said.
    void (*write_refusal)(struct buf *out, const struct refusal *r, str call_id);
    void (*write_stream_refusal)(struct buf *out, const struct refusal *r, str call_id);
    // Path below a target's base URL.
    const char *call_path;
};
#define DIALECT(name, flags, sentence) extern const struct dialect dialect_##name;
#include "api/dialects.def"
#undef DIALECT
const struct dialect *api_dialect(str name); // NULL when unknown

// GET /v1/models: one list that both OpenAI's and Anthropic's clients accept.
struct model_entry {
    str id, owned_by;
    int64_t created_s;
};
void api_write_models(struct buf *out, const struct model_entry *rows, size_t count);
void api_write_model(struct buf *out, const struct model_entry *row);
#endif
