// cues.h: words that say what stands near them. Private to guard. Some wake a detector
// (ANCHOR_CUE): the pass looks for those everywhere, through a filter. The others are looked for
// only before a number that could be something; a detector asks how far back one was (behind). The
// words are in lower case and match in any case.
#ifndef GUARD_CUES_H
#define GUARD_CUES_H
#include "base/str.h"

enum cue {
    CUE_BASIC,             // an authorisation header's name and password follow
    CUE_BEGIN,             // of an armoured block
    CUE_BEARER,            // an authorisation header's value follows
    CUE_LOGIN,             // commands and lines that take a password
    CUE_PASSWORD,          // a password
    CUE_PIN,               // a number that opens
    CUE_WAKING,            // those before wake, those from here on do not
    CUE_CARD = CUE_WAKING, // payment cards
    CUE_OTHER,             // other numbers that people have: no telephone's
    CUE_PHONE,             // a telephone
    CUE_REACH,             // somebody is to be reached: a telephone, perhaps
    CUE_SSN,               // US social-security numbers
    CUE_KINDS
};

// X(word, kind, form, i), in the order of their bytes: WHOLE words, or STEMs that other letters may
// follow. At least three letters, those that wake four bytes of ASCII; i is handed through.
#define CUES(X, i)                                                                                 \
    X("account", OTHER, STEM, i)                                                                   \
    X("amex", CARD, WHOLE, i)                                                                      \
    X("anruf", PHONE, STEM, i)                                                                     \
    X("basic", BASIC, WHOLE, i)                                                                    \
    X("bearer", BEARER, WHOLE, i)                                                                  \
    X("begin", BEGIN, WHOLE, i)                                                                    \
    X("call", PHONE, STEM, i)                                                                      \
    X("card", CARD, STEM, i)                                                                       \
    X("carte", CARD, STEM, i)                                                                      \
    X("cart\303\243o", CARD, WHOLE, i)                                                             \
    X("case", OTHER, WHOLE, i)                                                                     \
    X("cell", PHONE, WHOLE, i)                                                                     \
    X("cellphone", PHONE, STEM, i)                                                                 \
    X("cellular", PHONE, STEM, i)                                                                  \
    X("claim", OTHER, STEM, i)                                                                     \
    X("contact", REACH, STEM, i)                                                                   \
    X("contrase\303\261a", PASSWORD, STEM, i)                                                      \
    X("credit", CARD, STEM, i)                                                                     \
    X("curl", LOGIN, WHOLE, i)                                                                     \
    X("cvc", CARD, WHOLE, i)                                                                       \
    X("cvv", CARD, WHOLE, i)                                                                       \
    X("debit", CARD, STEM, i)                                                                      \
    X("dial", PHONE, STEM, i)                                                                      \
    X("erreich", REACH, STEM, i)                                                                   \
    X("fax", PHONE, WHOLE, i)                                                                      \
    X("handy", PHONE, STEM, i)                                                                     \
    X("iban", OTHER, WHOLE, i)                                                                     \
    X("imei", OTHER, WHOLE, i)                                                                     \
    X("invoice", OTHER, STEM, i)                                                                   \
    X("ird", OTHER, WHOLE, i)                                                                      \
    X("isbn", OTHER, WHOLE, i)                                                                     \
    X("karte", CARD, STEM, i)                                                                      \
    X("kennwort", PASSWORD, STEM, i)                                                               \
    X("konto", OTHER, STEM, i)                                                                     \
    X("kreditkarte", CARD, STEM, i)                                                                \
    X("licence", OTHER, STEM, i)                                                                   \
    X("license", OTHER, STEM, i)                                                                   \
    X("login", LOGIN, WHOLE, i)                                                                    \
    X("maestro", CARD, WHOLE, i)                                                                   \
    X("mastercard", CARD, WHOLE, i)                                                                \
    X("medicare", OTHER, WHOLE, i)                                                                 \
    X("member", OTHER, STEM, i)                                                                    \
    X("mobil", PHONE, STEM, i)                                                                     \
    X("movil", PHONE, WHOLE, i)                                                                    \
    X("mrn", OTHER, WHOLE, i)                                                                      \
    X("m\303\263vil", PHONE, WHOLE, i)                                                             \
    X("nhs", OTHER, WHOLE, i)                                                                      \
    X("npi", OTHER, WHOLE, i)                                                                      \
    X("order", OTHER, STEM, i)                                                                     \
    X("pan", CARD, WHOLE, i)                                                                       \
    X("parcel", OTHER, WHOLE, i)                                                                   \
    X("passcode", PASSWORD, STEM, i)                                                               \
    X("passe", PASSWORD, WHOLE, i)                                                                 \
    X("passphrase", PASSWORD, STEM, i)                                                             \
    X("passport", OTHER, STEM, i)                                                                  \
    X("passwd", PASSWORD, STEM, i)                                                                 \
    X("password", PASSWORD, STEM, i)                                                               \
    X("passwort", PASSWORD, STEM, i)                                                               \
    X("patient", OTHER, STEM, i)                                                                   \
    X("phone", PHONE, STEM, i)                                                                     \
    X("pin ", PIN, STEM, i)                                                                        \
    X("policy", OTHER, STEM, i)                                                                    \
    X("portable", PHONE, WHOLE, i)                                                                 \
    X("psexec", LOGIN, STEM, i)                                                                    \
    X("reach", REACH, WHOLE, i)                                                                    \
    X("ref", OTHER, WHOLE, i)                                                                      \
    X("reference", OTHER, STEM, i)                                                                 \
    X("r\303\274ckruf", REACH, STEM, i)                                                            \
    X("senha", PASSWORD, STEM, i)                                                                  \
    X("serial", OTHER, STEM, i)                                                                    \
    X("siret", OTHER, WHOLE, i)                                                                    \
    X("sms", PHONE, WHOLE, i)                                                                      \
    X("social", SSN, WHOLE, i)                                                                     \
    X("sshpass", LOGIN, WHOLE, i)                                                                  \
    X("ssn", SSN, WHOLE, i)                                                                        \
    X("ssws", BEARER, WHOLE, i)                                                                    \
    X("tarjeta", CARD, STEM, i)                                                                    \
    X("tax", OTHER, WHOLE, i)                                                                      \
    X("tel", PHONE, WHOLE, i)                                                                      \
    X("telefon", PHONE, STEM, i)                                                                   \
    X("telephone", PHONE, STEM, i)                                                                 \
    X("tel\303\251fono", PHONE, STEM, i)                                                           \
    X("text", REACH, WHOLE, i)                                                                     \
    X("tfn", OTHER, WHOLE, i)                                                                      \
    X("ticket", OTHER, STEM, i)                                                                    \
    X("tracking", OTHER, STEM, i)                                                                  \
    X("t\303\251l\303\251phone", PHONE, STEM, i)                                                   \
    X("utr", OTHER, WHOLE, i)                                                                      \
    X("vat", OTHER, WHOLE, i)                                                                      \
    X("visa", CARD, WHOLE, i)                                                                      \
    X("wachtwoord", PASSWORD, STEM, i)

// Which word of the table begins at text[at] (the first letter of a word); false when none does.
// Its end is behind its last letter.
bool cue_at(str text, size_t at, enum cue *ret_cue, size_t *ret_end);
size_t cue_count(void);
str cue_word(size_t i);
#endif
