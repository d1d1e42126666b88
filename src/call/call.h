// call.h: the nouns, as plain data. Rooms that do not know each other meet here. Nothing in this
// header does anything; only gate writes a struct call, each part in the step named beside it.
#ifndef CALL_CALL_H
#define CALL_CALL_H
#include "base/arena.h"
#include "base/err.h"
#include "base/rng.h"

// --- words ---------------------------------------------------------------------------------------

enum step {
    STEP_ACCEPT,
    STEP_IDENTIFY,
    STEP_READ,
    STEP_SCREEN,
    STEP_CHOOSE,
    STEP_SEND,
    STEP_ANSWER,
    STEP_RECORD,
    STEP_COUNT
};
const char *step_name(enum step s);

// Whose call it is: a client's, or one that weir makes of its own: a copy of a client's call to
// learn from, or the question which of two answers is better.
enum call_kind { CALL_CLIENT, CALL_SHADOW, CALL_JUDGE };
const char *call_kind_name(enum call_kind k); // "client", "shadow", "judge"

enum task {
#define TASK(name, word, hard, sentence) TASK_##name,
#include "call/tasks.def"
#undef TASK
    TASK_COUNT,
    TASK_UNKNOWN = TASK_COUNT
};
const char *task_name(enum task t); // "summarise"; "unknown"
bool task_parse(str word, enum task *ret_task);
bool task_is_hard(enum task t); // by default; unknown is

// Labels only rise: join is max. What cannot be parsed is restricted.
enum label { LABEL_PUBLIC, LABEL_INTERNAL, LABEL_RESTRICTED };
enum label label_parse(str word); // anything unknown: LABEL_RESTRICTED
bool label_known(str word);
const char *label_name(enum label l);
static inline enum label label_join(enum label a, enum label b)
{
    return a > b ? a : b;
}

enum ability {
    ABILITY_TOOLS = 1 << 0,
    ABILITY_IMAGES = 1 << 1,
    ABILITY_AUDIO = 1 << 2,
    ABILITY_FILES = 1 << 3,
    ABILITY_SCHEMA = 1 << 4, // answer bound to a JSON schema
    ABILITY_LOGPROBS = 1 << 5,
    ABILITY_CHOICES = 1 << 6, // n > 1
    ABILITY_AUDIO_OUT = 1 << 7,
};
enum { ABILITY_COUNT = 8 };
const char *ability_name(unsigned bit_index); // 0..7: "tools" ...
bool ability_parse(str word, unsigned *ret_bit);

// --- ask: what is asked, in weir's own form (step read)
// --------------------------------------------

enum role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL, ROLE_NONE };
// A part is one piece of content, wherever it stood in the body. PART_UNKNOWN is restricted.
enum part_kind {
    PART_TEXT,
    PART_IMAGE,
    PART_AUDIO,
    PART_FILE,
    PART_TOOL_CALL, // arguments that a model wrote
    PART_TOOL_RESULT,
    PART_TOOL_SPEC, // name, description and schema of an offered tool
    PART_SCHEMA,    // response format
    PART_REASONING, // a model's own thinking, readable
    PART_OPAQUE,    // provider-bound state: signatures, encrypted reasoning
    PART_METADATA,  // user, metadata and the like
    PART_UNKNOWN,
};
struct part {
    enum part_kind kind;
    enum role role;
    bool escaped;     // the body's bytes hold escapes, `text` is decoded lazily: see ask_text
    uint32_t turn;    // index of the message it belongs to; UINT32_MAX outside messages
    struct span span; // raw bytes in the body: a string's inside, or a whole value
    uint32_t tokens;  // about, if it is text
};

struct ask {
    str body;               // lent from the call's arena; every span is within it
    str model;              // decoded
    struct span model_span; // the value with its quotes
    bool stream;
    bool include_usage; // the client asked for usage in the stream
    bool has_stream_options;
    struct span stream_options_span; // whole value where has_stream_options
    uint32_t insert_at;              // byte just after the top object's opening brace
    unsigned needs;                  // enum ability bits
    int64_t max_output_tokens;       // -1 where not said
    int64_t estimated_input_tokens;  // from byte counts, for context filters only
    uint32_t turns;                  // messages
    struct part *parts;              // in body order
    uint32_t part_count;
    uint32_t last_user_turn; // UINT32_MAX when there is none
    bool has_state;          // an identifier of server-side state (previous_response_id ...)
};
// The part's text, decoded into the arena where it must be. Kinds without text give an empty one.
struct text ask_text(struct arena *a, const struct ask *ask, const struct part *p);

// --- finding (step screen)
// -------------------------------------------------------------------------

struct finding {
    const char *type;    // static: EMAIL, IBAN ...
    uint32_t part;       // index into ask.parts
    uint32_t start, end; // bytes of the part's decoded text
    float score;         // 0..1
    const char *via;     // static: what it was written in (base64, percent ...); NULL: plainly
};
struct screening {
    struct finding *findings;
    uint32_t finding_count;
    bool truncated;   // more findings than kept, or more work than allowed: label is restricted
    enum label label; // from the content alone
};

// --- judgement: what kind of work (step choose)
// ----------------------------------------------------

struct judgement {
    enum task task;
    float task_p[TASK_COUNT];         // sums to 1
    float p_local_ok;                 // probability that a local answer is as good
    float margin;                     // best minus second task
    float known;                      // share of its words that training has seen
    uint32_t read_bytes, total_bytes; // what was looked at, of what there was
    const char *signals[4];           // static names of what spoke loudest, NULL-ended
};

// --- target, fleet
// ---------------------------------------------------------------------------------

enum { ZONE_MAX = 8, TARGET_MAX = 64, PLAN_MAX = 8, TRY_MAX = 4, NAME_CAP = 64, DIALLED_CAP = 56 };

struct zone {
    str name;             // "local", "cloud", or the operator's own
    enum label max_label; // the highest label it may see
    bool local;           // on the company's own machines
    bool anywhere;        // local, but its targets may have public addresses
};

struct target {
    str name;      // unique; what answers and ledger call it
    str preset;    // provider or engine: "openai", "ollama" ...
    str dialect;   // "openai_chat"
    str base_url;  // ends without a slash; "/chat/completions" follows
    str model;     // what the target is asked for; empty: the client's word
    str api_key;   // secret; never logged
    unsigned zone; // index into fleet.zones
    unsigned abilities;
    int64_t context_tokens;                      // 0: not known
    int64_t price_in_nanousd, price_out_nanousd; // per token; -1 not known
    bool ask_usage;                              // may be asked for usage in streams
};

enum health { HEALTH_UP, HEALTH_DOWN, HEALTH_STARTING };

// All targets; part of a config snapshot, read-only. Health is beside it, copied for each choice.
struct fleet {
    struct zone zones[ZONE_MAX];
    unsigned zone_count;
    struct target *targets;
    unsigned target_count;
    uint64_t policy; // names all that decides where a call may go; see gate/policy.h
};

// --- plan (step choose)
// ----------------------------------------------------------------------------

struct plan_row {
    uint16_t target;
    const char *filter; // name of the filter that ruled it out; NULL where it stands in the plan
    char why[112];      // a short sentence, no prompt text
};
struct plan {
    struct plan_row rows[PLAN_MAX]; // in order of preference
    unsigned count;
    struct plan_row
        *out; // ruled out, first reason kept; the call's own room, a row for each target
    unsigned out_count;
    char reason[160]; // one line for people and for x-weir-reason
    enum err err;     // OK, or why there is no plan: NOT_ALLOWED, NONE_WELL, NO_MODEL, TOO_LONG
    bool stand_in;    // the wanted zone had no target; another serves (said in the headers)
    bool cascade;     // row 0 is local and answers first; its answer is checked before it is sent
};

// --- tenant: who pays (step identify) --------------------------------------------------------

struct tenant {
    str name;
    unsigned char key_hash[32]; // SHA-256 of its key, where it has one
    bool has_key;
    enum label label; // what its requests carry at least
    str zone;         // restricts to this zone where not empty
};
struct tenants {
    struct tenant *rows;
    unsigned count;
    bool require_key;
};

// --- reply: what an answer says, apart from its wire
// -----------------------------------------------

struct tool_use {
    str name;
    struct text arguments; // JSON, as the model wrote it
};
struct reply {
    struct text text;
    struct tool_use *tools;
    unsigned tool_count;
    bool cut; // it ended for its length, or before its end came
};

// --- conversation: what earlier turns left (step screen) ----------------------------------------

struct conversation {
    uint64_t id[2];   // keyed hash of its name or its beginning; id[0] is 0 where none is kept
    bool named;       // by the client (x-weir-conversation), not known by its beginning
    bool goes_on;     // the request holds earlier turns
    bool known;       // weir remembers it; else nothing below but lost and label says anything
    bool lost;        // named and going on, but not remembered: label is restricted
    enum label label; // of earlier turns, as far as they count for this one
    bool raised;      // the call's label is higher for it
    uint32_t turns;   // calls before this one
    uint16_t place;   // the ledger's number for who served the last one
    int target;       // who that was: index into the fleet's targets; -1: nobody, or not there now
};

// --- usage
// -----------------------------------------------------------------------------------------

// Disjoint classes; -1 is absent, which is not zero. Sources: OpenAI prompt_tokens includes cached.
struct usage {
    int64_t input_uncached, input_cached, input_written;
    int64_t output, reasoning; // reasoning is inside output
    bool reported;             // by the target; otherwise estimated (or absent, all -1)
    bool estimated;
};
#define USAGE_NONE ((struct usage){-1, -1, -1, -1, -1, false, false})

// --- try, call
// -------------------------------------------------------------------------------------

struct
try {
    uint16_t target;
    enum err err;
    int status;  // HTTP status of the target; 0 where none came
    bool reused; // on a kept connection
    int64_t start_us, connected_us, first_byte_us, last_byte_us; // wall clock; 0: never
    int64_t input, output;     // tokens of an answer that was thrown away; 0: none
    char dialled[DIALLED_CAP]; // address and port that the request was written to; empty: to none
};

// One client request. The mark says which step fills the part. Plain data: no sockets here.
struct call {
    enum call_kind kind;                                          // accept
    struct id id;                                                 // accept
    int64_t start_us, start_mono_us, first_byte_us, last_byte_us; // accept; answer
    str dialect;                                                  // accept
    str client_model;                                             // read
    str tenant;                                                   // identify
    enum label tenant_label;                                      // identify
    str want_label, want_zone, want_quality,
        want_deadline;                // accept: x-weir-* as sent (empty: absent)
    str want_conversation;            // accept: x-weir-conversation, checked
    struct ask ask;                   // read
    struct screening screening;       // screen
    struct conversation conversation; // screen
    enum label label;                 // screen: joined from all sources
    struct judgement judgement;       // choose
    struct plan plan;                 // choose
    struct try tries[TRY_MAX];        // send
    unsigned try_count;               // send
    int served_by;                    // answer: index into the fleet's targets, -1 none
    int status;                       // answer: what the client got
    enum err err;                     // the step that failed, or OK
    enum step ended_at;
    struct usage usage; // answer
    str usage_raw;      // answer: the provider's own object, bytes as sent
    str finish;         // answer: finish reason as sent
    str answer_model;   // answer: the model that the target says it is
    uint64_t bytes_in, bytes_out, events;
};
#endif
