// openai_chat.h: the four files of OpenAI's Chat Completions wire. Private to api.
#ifndef API_OPENAI_CHAT_H
#define API_OPENAI_CHAT_H
#include "api/api.h"

// openai_chat_read.c: requests
enum err openai_chat_read_ask(struct arena *a, str body, struct ask *ret_ask,
                              struct fault *ret_fault);
// openai_chat_watch.c: answers
enum event_kind openai_chat_read_event(struct arena *a, str event, str data,
                                       struct answer_watch *w);
enum err openai_chat_read_answer(struct arena *a, str body, struct answer_watch *w);
// openai_chat_draft.c: what was said and what was wanted, for checks
void openai_chat_read_draft(str data, struct draft *r);
void openai_chat_read_wanted(struct arena *a, str body, struct wanted *ret_wanted);
#endif
