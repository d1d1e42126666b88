// cues.h: words that say what stands near them. Private to guard. Some wake a detector
// (ANCHOR_CUE): the pass looks for those everywhere, through a filter. The others are looked for
// only before a number that could be something; a detector asks how far back one was (behind). The
// words are in lower case and match in any case.
#ifndef GUARD_CUES_H
#define GUARD_CUES_H
#include "base/str.h"

// Identifiers that a word can name.
enum identifier {
    ID_NONE,
#define ID(name, group, shapes, reach, also, check) ID_##name,
#include "guard/ids.def"
#undef ID
};

enum cue {
    CUE_BASIC,              // an authorisation header's name and password follow
    CUE_BEGIN,              // of an armoured block
    CUE_BEARER,             // an authorisation header's value follows
    CUE_BORN,               // a date of birth
    CUE_HEALTH,             // somebody's health, or an illness
    CUE_LOGIN,              // commands and lines that take a password
    CUE_MARK,               // a mark of confidential documents
    CUE_PASSWORD,           // a password
    CUE_PAY,                // what somebody earns
    CUE_PIN,                // a number that opens
    CUE_AVENUE,             // a kind of street, before or behind its name
    CUE_STREET,             // a kind of street, behind its name
    CUE_VIALE,              // a kind of street, before its name and the number
    CUE_WAKING,             // those before wake, those from here on do not
    CUE_BIRTH = CUE_WAKING, // a date of birth, by words that are not ASCII
    CUE_CARD,               // payment cards
    CUE_OTHER,              // other numbers that people have: no telephone's
    CUE_PHONE,              // a telephone
    CUE_REACH,              // somebody is to be reached: a telephone, perhaps
    CUE_SSN,                // US social-security numbers
    CUE_KINDS
};

// X(word, kind, form, id, i), in the order of their bytes: WHOLE words, or STEMs that other letters
// may follow; of two that fit the longer counts. At least three bytes; those
// that wake have four of ASCII. Each that wakes costs time in every text that has many words like
// it. id: the identifier of ids.def that it names. i is handed through.
#define CUES(X, i)                                                                                 \
    X("aadhaar", OTHER, WHOLE, IN_AADHAAR, i)                                                      \
    X("aba", OTHER, WHOLE, US_ABA, i)                                                              \
    X("abn", OTHER, WHOLE, AU_ABN, i)                                                              \
    X("abnormal", HEALTH, STEM, NONE, i)                                                           \
    X("account", OTHER, STEM, ACCOUNT, i)                                                          \
    X("acct", OTHER, WHOLE, ACCOUNT, i)                                                            \
    X("acn", OTHER, WHOLE, AU_ACN, i)                                                              \
    X("admitted", HEALTH, STEM, NONE, i)                                                           \
    X("afm", OTHER, WHOLE, GR_AFM, i)                                                              \
    X("african id", OTHER, WHOLE, ZA_ID, i)                                                        \
    X("ahv", OTHER, WHOLE, CH_AHV, i)                                                              \
    X("alcohol", HEALTH, STEM, NONE, i)                                                            \
    X("allerg", HEALTH, STEM, NONE, i)                                                             \
    X("amex", CARD, WHOLE, NONE, i)                                                                \
    X("amka", OTHER, WHOLE, GR_AMKA, i)                                                            \
    X("annual bonus", PAY, STEM, NONE, i)                                                          \
    X("anruf", PHONE, STEM, NONE, i)                                                               \
    X("anxiety", HEALTH, STEM, NONE, i)                                                            \
    X("arthrit", HEALTH, STEM, NONE, i)                                                            \
    X("arzt", HEALTH, STEM, NONE, i)                                                               \
    X("asmens kod", OTHER, STEM, EE_IK, i)                                                         \
    X("asthma", HEALTH, STEM, NONE, i)                                                             \
    X("ausweis", OTHER, STEM, DE_CARD, i)                                                          \
    X("avenida", VIALE, WHOLE, NONE, i)                                                            \
    X("avenue", AVENUE, WHOLE, NONE, i)                                                            \
    X("basic", BASIC, WHOLE, NONE, i)                                                              \
    X("bearer", BEARER, WHOLE, NONE, i)                                                            \
    X("begin", BEGIN, WHOLE, NONE, i)                                                              \
    X("bilateral", HEALTH, STEM, NONE, i)                                                          \
    X("biops", HEALTH, STEM, NONE, i)                                                              \
    X("birth", BORN, STEM, NONE, i)                                                                \
    X("bleeding", HEALTH, STEM, NONE, i)                                                           \
    X("blood", HEALTH, STEM, NONE, i)                                                              \
    X("blvd", STREET, WHOLE, NONE, i)                                                              \
    X("born", BORN, WHOLE, NONE, i)                                                                \
    X("boulevard", AVENUE, WHOLE, NONE, i)                                                         \
    X("bsn", OTHER, WHOLE, NL_BSN, i)                                                              \
    X("burgerservice", OTHER, STEM, NL_BSN, i)                                                     \
    X("c.f", OTHER, WHOLE, IT_CF, i)                                                               \
    X("call", PHONE, STEM, NONE, i)                                                                \
    X("cancer", HEALTH, STEM, NONE, i)                                                             \
    X("card", CARD, STEM, NONE, i)                                                                 \
    X("carte", CARD, STEM, NONE, i)                                                                \
    X("cart\303\243o", CARD, WHOLE, NONE, i)                                                       \
    X("case", OTHER, WHOLE, NONE, i)                                                               \
    X("cell", PHONE, WHOLE, NONE, i)                                                               \
    X("cellphone", PHONE, STEM, NONE, i)                                                           \
    X("cellular", PHONE, STEM, NONE, i)                                                            \
    X("chemo", HEALTH, STEM, NONE, i)                                                              \
    X("chronic", HEALTH, STEM, NONE, i)                                                            \
    X("circulat", MARK, STEM, NONE, i)                                                             \
    X("clabe", OTHER, WHOLE, MX_CLABE, i)                                                          \
    X("claim", OTHER, STEM, NONE, i)                                                               \
    X("clinic", HEALTH, STEM, NONE, i)                                                             \
    X("cnp", OTHER, WHOLE, RO_CNP, i)                                                              \
    X("cnpj", OTHER, WHOLE, BR_CNPJ, i)                                                            \
    X("cocaine", HEALTH, STEM, NONE, i)                                                            \
    X("codice fiscale", OTHER, WHOLE, IT_CF, i)                                                    \
    X("compensation", PAY, STEM, NONE, i)                                                          \
    X("concuss", HEALTH, STEM, NONE, i)                                                            \
    X("confiden", MARK, STEM, NONE, i)                                                             \
    X("contact", REACH, STEM, NONE, i)                                                             \
    X("contrase\303\261a", PASSWORD, STEM, NONE, i)                                                \
    X("contribuinte", OTHER, STEM, PT_NIF, i)                                                      \
    X("cpf", OTHER, WHOLE, BR_CPF, i)                                                              \
    X("cpr", OTHER, WHOLE, DK_CPR, i)                                                              \
    X("credit", CARD, STEM, NONE, i)                                                               \
    X("cuil", OTHER, WHOLE, AR_CUIT, i)                                                            \
    X("cuit", OTHER, WHOLE, AR_CUIT, i)                                                            \
    X("curl", LOGIN, WHOLE, NONE, i)                                                               \
    X("curp", OTHER, WHOLE, MX_CURP, i)                                                            \
    X("cvc", CARD, WHOLE, NONE, i)                                                                 \
    X("cvv", CARD, WHOLE, NONE, i)                                                                 \
    X("d.o.b", BORN, WHOLE, NONE, i)                                                               \
    X("dea", OTHER, WHOLE, US_DEA, i)                                                              \
    X("debit", CARD, STEM, NONE, i)                                                                \
    X("denies", HEALTH, STEM, NONE, i)                                                             \
    X("depress", HEALTH, STEM, NONE, i)                                                            \
    X("diabet", HEALTH, STEM, NONE, i)                                                             \
    X("diagnos", HEALTH, STEM, NONE, i)                                                            \
    X("dial", PHONE, STEM, NONE, i)                                                                \
    X("disease", HEALTH, STEM, NONE, i)                                                            \
    X("disorder", HEALTH, STEM, NONE, i)                                                           \
    X("distribut", MARK, STEM, NONE, i)                                                            \
    X("dni", OTHER, WHOLE, ES_DNI, i)                                                              \
    X("dob ", BORN, STEM, NONE, i)                                                                 \
    X("dob\"", BORN, STEM, NONE, i)                                                                \
    X("dob:", BORN, STEM, NONE, i)                                                                 \
    X("doctor", HEALTH, STEM, NONE, i)                                                             \
    X("drive", STREET, WHOLE, NONE, i)                                                             \
    X("driver", OTHER, STEM, DRIVER, i)                                                            \
    X("driving lic", OTHER, STEM, DRIVER, i)                                                       \
    X("earns", PAY, STEM, NONE, i)                                                                 \
    X("egn", OTHER, WHOLE, BG_EGN, i)                                                              \
    X("ein", OTHER, WHOLE, US_EIN, i)                                                              \
    X("embargo", MARK, STEM, NONE, i)                                                              \
    X("employer id", OTHER, STEM, US_EIN, i)                                                       \
    X("em\305\240o", OTHER, WHOLE, SI_EMSO, i)                                                     \
    X("em\305\241o", OTHER, WHOLE, SI_EMSO, i)                                                     \
    X("enferm", HEALTH, STEM, NONE, i)                                                             \
    X("erreich", REACH, STEM, NONE, i)                                                             \
    X("eyes of", MARK, STEM, NONE, i)                                                              \
    X("eyes only", MARK, STEM, NONE, i)                                                            \
    X("fax", PHONE, WHOLE, NONE, i)                                                                \
    X("fever", HEALTH, STEM, NONE, i)                                                              \
    X("fin", OTHER, WHOLE, SG_NRIC, i)                                                             \
    X("forward", MARK, STEM, NONE, i)                                                              \
    X("fractur", HEALTH, STEM, NONE, i)                                                            \
    X("f\303\270dselsnummer", OTHER, STEM, NO_FNR, i)                                              \
    X("geb ", BORN, STEM, NONE, i)                                                                 \
    X("geb.", BORN, STEM, NONE, i)                                                                 \
    X("geboorte", BORN, STEM, NONE, i)                                                             \
    X("gebor", BORN, STEM, NONE, i)                                                                \
    X("gehalt", PAY, STEM, NONE, i)                                                                \
    X("gstin", OTHER, WHOLE, IN_GSTIN, i)                                                          \
    X("handy", PHONE, STEM, NONE, i)                                                               \
    X("headache", HEALTH, STEM, NONE, i)                                                           \
    X("henkil", OTHER, STEM, FI_HETU, i)                                                           \
    X("hepatit", HEALTH, STEM, NONE, i)                                                            \
    X("hetu", OTHER, WHOLE, FI_HETU, i)                                                            \
    X("hiv ", HEALTH, STEM, NONE, i)                                                               \
    X("hospital", HEALTH, STEM, NONE, i)                                                           \
    X("hypert", HEALTH, STEM, NONE, i)                                                             \
    X("iban", OTHER, WHOLE, NONE, i)                                                               \
    X("idnr", OTHER, WHOLE, DE_STEUER, i)                                                          \
    X("imei", OTHER, WHOLE, IMEI, i)                                                               \
    X("insulin", HEALTH, STEM, NONE, i)                                                            \
    X("internal only", MARK, WHOLE, NONE, i)                                                       \
    X("internal use", MARK, WHOLE, NONE, i)                                                        \
    X("internen gebrauch", MARK, STEM, NONE, i)                                                    \
    X("interno", MARK, STEM, NONE, i)                                                              \
    X("invoice", OTHER, STEM, NONE, i)                                                             \
    X("ird", OTHER, WHOLE, NZ_IRD, i)                                                              \
    X("isbn", OTHER, WHOLE, NONE, i)                                                               \
    X("isikukood", OTHER, STEM, EE_IK, i)                                                          \
    X("israeli id", OTHER, WHOLE, IL_ID, i)                                                        \
    X("itin", OTHER, WHOLE, US_ITIN, i)                                                            \
    X("jmbg", OTHER, WHOLE, SI_EMSO, i)                                                            \
    X("karte", CARD, STEM, NONE, i)                                                                \
    X("kennwort", PASSWORD, STEM, NONE, i)                                                         \
    X("kimlik", OTHER, STEM, TR_TCKN, i)                                                           \
    X("konto", OTHER, STEM, ACCOUNT, i)                                                            \
    X("krank", HEALTH, STEM, NONE, i)                                                              \
    X("krankenversicher", OTHER, STEM, DE_KVNR, i)                                                 \
    X("kreditkarte", CARD, STEM, NONE, i)                                                          \
    X("lane", STREET, WHOLE, NONE, i)                                                              \
    X("licence", OTHER, STEM, NONE, i)                                                             \
    X("license", OTHER, STEM, NONE, i)                                                             \
    X("login", LOGIN, WHOLE, NONE, i)                                                              \
    X("lungs", HEALTH, STEM, NONE, i)                                                              \
    X("maestro", CARD, WHOLE, NONE, i)                                                             \
    X("maladie", HEALTH, STEM, NONE, i)                                                            \
    X("mastercard", CARD, WHOLE, NONE, i)                                                          \
    X("mbi", OTHER, WHOLE, US_MBI, i)                                                              \
    X("medical record", OTHER, WHOLE, MRN, i)                                                      \
    X("medicare", OTHER, WHOLE, AU_MEDICARE, i)                                                    \
    X("medicat", HEALTH, STEM, NONE, i)                                                            \
    X("medikament", HEALTH, STEM, NONE, i)                                                         \
    X("member", OTHER, STEM, INSURANCE, i)                                                         \
    X("migraine", HEALTH, STEM, NONE, i)                                                           \
    X("miscarr", HEALTH, STEM, NONE, i)                                                            \
    X("mnpi", MARK, STEM, NONE, i)                                                                 \
    X("mobil", PHONE, STEM, NONE, i)                                                               \
    X("movil", PHONE, WHOLE, NONE, i)                                                              \
    X("mrn", OTHER, WHOLE, MRN, i)                                                                 \
    X("murmur", HEALTH, STEM, NONE, i)                                                             \
    X("my number", OTHER, WHOLE, JP_MY, i)                                                         \
    X("m\303\263vil", PHONE, WHOLE, NONE, i)                                                       \
    X("nacid", BORN, STEM, NONE, i)                                                                \
    X("nacim", BORN, STEM, NONE, i)                                                                \
    X("naissance", BORN, WHOLE, NONE, i)                                                           \
    X("nascid", BORN, STEM, NONE, i)                                                               \
    X("nascim", BORN, STEM, NONE, i)                                                               \
    X("nascita", BORN, WHOLE, NONE, i)                                                             \
    X("nata il", BORN, WHOLE, NONE, i)                                                             \
    X("national insurance", OTHER, WHOLE, UK_NINO, i)                                              \
    X("nato il", BORN, WHOLE, NONE, i)                                                             \
    X("nausea", HEALTH, STEM, NONE, i)                                                             \
    X("nda ", MARK, STEM, NONE, i)                                                                 \
    X("nda-", MARK, STEM, NONE, i)                                                                 \
    X("nda.", MARK, STEM, NONE, i)                                                                 \
    X("neuro", HEALTH, STEM, NONE, i)                                                              \
    X("nhs", OTHER, WHOLE, UK_NHS, i)                                                              \
    X("ni number", OTHER, WHOLE, UK_NINO, i)                                                       \
    X("nie", OTHER, WHOLE, ES_DNI, i)                                                              \
    X("nif", OTHER, WHOLE, ES_DNI, i)                                                              \
    X("nino", OTHER, WHOLE, UK_NINO, i)                                                            \
    X("nip", OTHER, WHOLE, PL_NIP, i)                                                              \
    X("nir", OTHER, WHOLE, FR_NIR, i)                                                              \
    X("non-public", MARK, STEM, NONE, i)                                                           \
    X("npi", OTHER, WHOLE, US_NPI, i)                                                              \
    X("nric", OTHER, WHOLE, SG_NRIC, i)                                                            \
    X("n\303\251 le", BIRTH, WHOLE, NONE, i)                                                       \
    X("n\303\251e le", BIRTH, WHOLE, NONE, i)                                                      \
    X("oib", OTHER, WHOLE, HR_OIB, i)                                                              \
    X("order", OTHER, STEM, NONE, i)                                                               \
    X("overdose", HEALTH, STEM, NONE, i)                                                           \
    X("paciente", HEALTH, STEM, NONE, i)                                                           \
    X("pan", CARD, WHOLE, IN_PAN, i)                                                               \
    X("parcel", OTHER, WHOLE, NONE, i)                                                             \
    X("partita iva", OTHER, WHOLE, IT_PIVA, i)                                                     \
    X("pasaporte", OTHER, STEM, PASSPORT, i)                                                       \
    X("passcode", PASSWORD, STEM, NONE, i)                                                         \
    X("passe", PASSWORD, WHOLE, NONE, i)                                                           \
    X("passeport", OTHER, STEM, PASSPORT, i)                                                       \
    X("passphrase", PASSWORD, STEM, NONE, i)                                                       \
    X("passport", OTHER, STEM, PASSPORT, i)                                                        \
    X("passwd", PASSWORD, STEM, NONE, i)                                                           \
    X("password", PASSWORD, STEM, NONE, i)                                                         \
    X("passwort", PASSWORD, STEM, NONE, i)                                                         \
    X("patient", HEALTH, STEM, NONE, i)                                                            \
    X("patient id", OTHER, WHOLE, MRN, i)                                                          \
    X("payroll", PAY, STEM, NONE, i)                                                               \
    X("performance review", MARK, STEM, NONE, i)                                                   \
    X("personalausweis", OTHER, STEM, DE_CARD, i)                                                  \
    X("personnummer", OTHER, STEM, SE_PNR, i)                                                      \
    X("pesel", OTHER, WHOLE, PL_PESEL, i)                                                          \
    X("phone", PHONE, STEM, NONE, i)                                                               \
    X("piazza", VIALE, WHOLE, NONE, i)                                                             \
    X("pid|", OTHER, STEM, MRN, i)                                                                 \
    X("pin ", PIN, STEM, NONE, i)                                                                  \
    X("plaza", VIALE, WHOLE, NONE, i)                                                              \
    X("pneumon", HEALTH, STEM, NONE, i)                                                            \
    X("policy", OTHER, STEM, INSURANCE, i)                                                         \
    X("portable", PHONE, WHOLE, NONE, i)                                                           \
    X("pps", OTHER, WHOLE, IE_PPS, i)                                                              \
    X("ppsn", OTHER, WHOLE, IE_PPS, i)                                                             \
    X("pregnan", HEALTH, STEM, NONE, i)                                                            \
    X("prescri", HEALTH, STEM, NONE, i)                                                            \
    X("privileged", MARK, WHOLE, NONE, i)                                                          \
    X("psexec", LOGIN, STEM, NONE, i)                                                              \
    X("psych", HEALTH, STEM, NONE, i)                                                              \
    X("r. \304\215", OTHER, STEM, CZ_RC, i)                                                        \
    X("reach", REACH, WHOLE, NONE, i)                                                              \
    X("ref", OTHER, WHOLE, NONE, i)                                                                \
    X("reference", OTHER, STEM, NONE, i)                                                           \
    X("regon", OTHER, WHOLE, PL_REGON, i)                                                          \
    X("rehab", HEALTH, STEM, NONE, i)                                                              \
    X("reisepass", OTHER, STEM, PASSPORT, i)                                                       \
    X("remunerat", PAY, STEM, NONE, i)                                                             \
    X("rentenversicherung", OTHER, STEM, DE_RVNR, i)                                               \
    X("resident id", OTHER, WHOLE, CN_RIC, i)                                                      \
    X("rijksregister", OTHER, STEM, BE_NN, i)                                                      \
    X("road", STREET, WHOLE, NONE, i)                                                              \
    X("rodn", OTHER, STEM, CZ_RC, i)                                                               \
    X("routing", OTHER, WHOLE, US_ABA, i)                                                          \
    X("rrn", OTHER, WHOLE, KR_RRN, i)                                                              \
    X("rua ", AVENUE, STEM, NONE, i)                                                               \
    X("rue ", AVENUE, STEM, NONE, i)                                                               \
    X("rut", OTHER, WHOLE, CL_RUT, i)                                                              \
    X("r\303\274ckruf", REACH, STEM, NONE, i)                                                      \
    X("salar", PAY, STEM, NONE, i)                                                                 \
    X("seizure", HEALTH, STEM, NONE, i)                                                            \
    X("senha", PASSWORD, STEM, NONE, i)                                                            \
    X("serial", OTHER, STEM, NONE, i)                                                              \
    X("severance", PAY, STEM, NONE, i)                                                             \
    X("sexually", HEALTH, STEM, NONE, i)                                                           \
    X("sick", HEALTH, STEM, NONE, i)                                                               \
    X("sin", OTHER, WHOLE, CA_SIN, i)                                                              \
    X("siren", OTHER, WHOLE, FR_SIREN, i)                                                          \
    X("siret", OTHER, WHOLE, FR_SIRET, i)                                                          \
    X("smoke", HEALTH, STEM, NONE, i)                                                              \
    X("sms", PHONE, WHOLE, NONE, i)                                                                \
    X("sober", HEALTH, STEM, NONE, i)                                                              \
    X("social", SSN, WHOLE, NONE, i)                                                               \
    X("social insurance", OTHER, WHOLE, CA_SIN, i)                                                 \
    X("sort code", OTHER, WHOLE, SORT_CODE, i)                                                     \
    X("sozialversicherung", OTHER, STEM, AT_SVNR, i)                                               \
    X("sshpass", LOGIN, WHOLE, NONE, i)                                                            \
    X("ssn", SSN, WHOLE, NONE, i)                                                                  \
    X("ssws", BEARER, WHOLE, NONE, i)                                                              \
    X("steuer", OTHER, STEM, DE_STEUER, i)                                                         \
    X("stipendi", PAY, STEM, NONE, i)                                                              \
    X("street", STREET, WHOLE, NONE, i)                                                            \
    X("stroke", HEALTH, STEM, NONE, i)                                                             \
    X("sueldo", PAY, STEM, NONE, i)                                                                \
    X("suicid", HEALTH, STEM, NONE, i)                                                             \
    X("surger", HEALTH, STEM, NONE, i)                                                             \
    X("surgical", HEALTH, STEM, NONE, i)                                                           \
    X("sv-nummer", OTHER, STEM, AT_SVNR, i)                                                        \
    X("swelling", HEALTH, STEM, NONE, i)                                                           \
    X("symptom", HEALTH, STEM, NONE, i)                                                            \
    X("s\303\251cu", OTHER, STEM, FR_NIR, i)                                                       \
    X("tarjeta", CARD, STEM, NONE, i)                                                              \
    X("tax", OTHER, WHOLE, NONE, i)                                                                \
    X("tax file", OTHER, WHOLE, AU_TFN, i)                                                         \
    X("taxpayer id", OTHER, STEM, US_ITIN, i)                                                      \
    X("taxpayer ref", OTHER, STEM, UK_UTR, i)                                                      \
    X("tel", PHONE, WHOLE, NONE, i)                                                                \
    X("telefon", PHONE, STEM, NONE, i)                                                             \
    X("telephone", PHONE, STEM, NONE, i)                                                           \
    X("tel\303\251fono", PHONE, STEM, NONE, i)                                                     \
    X("tender", HEALTH, STEM, NONE, i)                                                             \
    X("terminate", MARK, STEM, NONE, i)                                                            \
    X("teudat", OTHER, WHOLE, IL_ID, i)                                                            \
    X("text", REACH, WHOLE, NONE, i)                                                               \
    X("tfn", OTHER, WHOLE, AU_TFN, i)                                                              \
    X("thai id", OTHER, WHOLE, TH_ID, i)                                                           \
    X("ticket", OTHER, STEM, NONE, i)                                                              \
    X("tlp:", MARK, STEM, NONE, i)                                                                 \
    X("top secret", MARK, WHOLE, NONE, i)                                                          \
    X("tracking", OTHER, STEM, NONE, i)                                                            \
    X("trade secret", MARK, STEM, NONE, i)                                                         \
    X("tumor", HEALTH, STEM, NONE, i)                                                              \
    X("tva", OTHER, WHOLE, FR_VAT, i)                                                              \
    X("t\303\251l\303\251phone", PHONE, STEM, NONE, i)                                             \
    X("uid", OTHER, WHOLE, IN_AADHAAR, i)                                                          \
    X("ulcer", HEALTH, STEM, NONE, i)                                                              \
    X("umsatzsteuer", OTHER, STEM, DE_VAT, i)                                                      \
    X("ur. ", BORN, STEM, NONE, i)                                                                 \
    X("urin", HEALTH, STEM, NONE, i)                                                               \
    X("urodz", BORN, STEM, NONE, i)                                                                \
    X("usage interne", MARK, STEM, NONE, i)                                                        \
    X("ust", OTHER, WHOLE, DE_VAT, i)                                                              \
    X("utr", OTHER, WHOLE, UK_UTR, i)                                                              \
    X("vaccin", HEALTH, STEM, NONE, i)                                                             \
    X("vat", OTHER, WHOLE, FR_VAT, i)                                                              \
    X("versicherten", OTHER, STEM, DE_KVNR, i)                                                     \
    X("vertraulich", MARK, STEM, NONE, i)                                                          \
    X("viale", VIALE, WHOLE, NONE, i)                                                              \
    X("vin", OTHER, WHOLE, VIN, i)                                                                 \
    X("visa", CARD, WHOLE, NONE, i)                                                                \
    X("vomit", HEALTH, STEM, NONE, i)                                                              \
    X("wachtwoord", PASSWORD, STEM, NONE, i)                                                       \
    X("wages", PAY, STEM, NONE, i)                                                                 \
    X("weitergabe", MARK, WHOLE, NONE, i)                                                          \
    X("\316\221\316\246\316\234", OTHER, STEM, GR_AFM, i)                                          \
    X("\320\225\320\223\320\235", OTHER, STEM, BG_EGN, i)                                          \
    X("\343\203\236\343\202\244\343\203\212", OTHER, STEM, JP_MY, i)                               \
    X("\350\272\253\344\273\275\350\257\201\345\217\267", OTHER, STEM, CN_RIC, i)                  \
    X("\354\243\274\353\257\274\353\223\261", OTHER, STEM, KR_RRN, i)

// A word of the table. Its end is behind its last letter.
struct cue_row {
    str word;
    enum cue cue;
    bool stem;
    enum identifier id;
    uint8_t fourth; // the byte behind the first three, in lower case; 0: the word has none
};
// Which begins at text[at] (the first letter of a word); NULL when none does.
const struct cue_row *cue_at(str text, size_t at);
// A bit for each hash of a word's head, the first three bytes as they stand in a number; and one
// for each hash of the first four bytes of the words that wake. Both in lower case.
enum { CUE_FILTER_WORDS = 64, CUE_HEAD_BYTES = 3 };
extern const uint64_t cue_heads[CUE_FILTER_WORDS], cue_wakers[CUE_FILTER_WORDS];
#define CUE_SLOT(w) (((w) | 0x20202020u) * 0x9e3779b1u >> 20)
static inline bool cue_passes(const uint64_t filter[CUE_FILTER_WORDS], uint32_t bytes)
{
    uint32_t slot = CUE_SLOT(bytes);
    return filter[slot / 64] >> slot % 64 & 1;
}
// The bytes there, the first lowest; 0 behind the text's end.
static inline uint32_t cue_bytes(str text, size_t at)
{
    uint32_t w = 0;
    if (text.n - at >= sizeof w)
        memcpy(&w, text.p + at, sizeof w);
    else
        memcpy(&w, text.p + at, text.n - at);
    return w;
}
// False when no word begins there, or none that wakes: much cheaper to ask.
static inline bool cue_may_stand(str text, size_t at)
{
    return cue_passes(cue_heads, cue_bytes(text, at) << 8);
}
static inline bool cue_may_wake(str text, size_t at)
{
    return cue_passes(cue_wakers, cue_bytes(text, at));
}
size_t cue_count(void);
str cue_word(size_t i);
#endif
