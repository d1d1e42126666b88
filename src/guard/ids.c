// ids.c: finds the identifiers of ids.def: from a word that names one the value is looked for by
// its shape, and its check digit must hold. Rules as the issuers publish them.
#include "guard/ids.h"

// Weights are written as digits, a for 10 and so on.
static unsigned weight(char c)
{
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static unsigned digit(char c)
{
    return (unsigned)(c - '0');
}

// Digits and letters by the order of both: A is 10.
static unsigned value36(char c)
{
    return is_digit(c) ? digit(c) : (unsigned)(c - 'A') + 10;
}

static unsigned dot(const char *v, const char *weights)
{
    unsigned sum = 0;
    for (size_t i = 0; weights[i]; i++)
        sum += digit(v[i]) * weight(weights[i]);
    return sum;
}

static uint64_t number_of(const char *v, size_t n)
{
    uint64_t x = 0;
    must(n <= 18); // no more fit
    for (size_t i = 0; i < n; i++)
        x = x * 10 + digit(v[i]);
    return x;
}

// 11 less the remainder, where 11 becomes 0: 10 is no digit.
static unsigned eleven(unsigned sum)
{
    return sum % 11 ? 11 - sum % 11 : 0;
}

static unsigned ten(unsigned sum)
{
    return (10 - sum % 10) % 10;
}

static bool valid_day(unsigned day, unsigned month)
{
    return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

// --- checks: v is upper case, of the shape, without what parted it
// --------------------------------

static bool check_any(const char *v, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (v[i] != v[0])
            return true;
    return false;
}

static bool check_many_digits(const char *v, size_t n)
{
    size_t digits = 0;
    for (size_t i = 0; i < n; i++)
        digits += is_digit(v[i]);
    return digits >= 3 && digits < n;
}

static bool check_luhn(const char *v, size_t n)
{
    unsigned sum = 0;
    must(n > 1);
    for (size_t i = 0; i < n; i++) {
        unsigned d = digit(v[n - 1 - i]) * (i % 2 ? 2 : 1);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0 && check_any(v, n);
}

// ISO 7064, MOD 11,10.
static bool check_mod_11_10(const char *v, size_t n)
{
    unsigned p = 10;
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned s = (p + digit(v[i])) % 10;
        p = 2 * (s ? s : 10) % 11;
    }
    return (11 - p) % 10 == digit(v[n - 1]);
}

static bool check_ar_cuit(const char *v, size_t n)
{
    unsigned c = eleven(dot(v, "5432765432"));
    return n == 11 && (c == 10 ? 9 : c) == digit(v[10]);
}

static bool check_at_svnr(const char *v, size_t n)
{
    return n == 10 && v[0] != '0' && dot(v, "3790584216") % 11 == digit(v[3]);
}

static bool check_au_tfn(const char *v, size_t n)
{
    return dot(v, n == 9 ? "14375869a" : "a7846351") % 11 == 0;
}

static bool check_be_nn(const char *v, size_t n)
{
    uint64_t head = number_of(v, 9), check = number_of(v + 9, 2);
    return n == 11 && (97 - head % 97 == check || 97 - (head + 2000000000) % 97 == check);
}

static bool check_bg_egn(const char *v, size_t n)
{
    return n == 10 && dot(v, "2485a9736") % 11 % 10 == digit(v[9]);
}

static bool check_br_cpf(const char *v, size_t n)
{
    return eleven(dot(v, "a98765432")) % 10 == digit(v[9]) &&
           eleven(dot(v, "ba98765432")) % 10 == digit(v[10]) && check_any(v, n);
}

static bool check_ca_sin(const char *v, size_t n)
{
    return v[0] != '0' && v[0] != '8' && check_luhn(v, n);
}

static bool check_ch_ahv(const char *v, size_t n)
{
    return memcmp(v, "756", 3) == 0 && ten(dot(v, "131313131313")) == digit(v[n - 1]);
}

static bool check_cl_rut(const char *v, size_t n)
{
    unsigned c = eleven(dot(v, n == 9 ? "32765432" : "2765432"));
    return v[n - 1] == (c == 10 ? 'K' : (char)('0' + c));
}

static bool check_cn_ric(const char *v, size_t n)
{
    return n == 18 && "10X98765432"[dot(v, "79a584216379a5842") % 11] == v[17] &&
           valid_day((unsigned)number_of(v + 12, 2), (unsigned)number_of(v + 10, 2));
}

static bool check_cz_rc(const char *v, size_t n)
{
    unsigned rest = (unsigned)(number_of(v, 9) % 11), month = (unsigned)number_of(v + 2, 2) % 50;
    return n == 10 && rest % 10 == digit(v[9]) && month % 20 >= 1 && month % 20 <= 12;
}

static bool check_icao(const char *v, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i + 1 < n; i++)
        sum += value36(v[i]) * (i % 3 == 0 ? 7 : i % 3 == 1 ? 3 : 1);
    return sum % 10 == digit(v[n - 1]);
}

// Letters among digits count as two; the sums of the digits of the products are added.
static unsigned sum_of_digits(const char *v, size_t n, const char *weights)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned x = is_digit(v[i]) ? digit(v[i]) : (unsigned)(v[i] - 'A') + 1;
        if (!is_digit(v[i])) {
            unsigned high = x / 10 * weight(*weights++);
            sum += high / 10 + high % 10;
            x %= 10;
        }
        x *= weight(*weights++);
        sum += x / 10 + x % 10;
    }
    return sum;
}

static bool check_de_rvnr(const char *v, size_t n)
{
    unsigned day = (unsigned)number_of(v + 2, 2) % 50;
    return n == 12 && valid_day(day, (unsigned)number_of(v + 4, 2)) &&
           sum_of_digits(v, 11, "212571212121") % 10 == digit(v[11]);
}

static bool check_de_kvnr(const char *v, size_t n)
{
    return n == 10 && sum_of_digits(v, 9, "1212121212") % 10 == digit(v[9]);
}

static bool check_de_steuer(const char *v, size_t n)
{
    unsigned times[10] = {0}, more = 0;
    for (size_t i = 0; i < 10; i++)
        times[digit(v[i])]++;
    for (size_t i = 0; i < 10; i++)
        more += times[i] > 3 ? 2 : times[i] > 1;
    return v[0] != '0' && more == 1 && check_mod_11_10(v, n);
}

static bool check_day_month(const char *v, size_t n)
{
    return n >= 4 && valid_day((unsigned)number_of(v, 2), (unsigned)number_of(v + 2, 2));
}

static bool check_ee_ik(const char *v, size_t n)
{
    unsigned c = dot(v, "1234567891") % 11;
    if (c == 10)
        c = dot(v, "3456789123") % 11 % 10;
    return n == 11 && v[0] >= '1' && v[0] <= '8' && c == digit(v[10]);
}

static bool check_es_dni(const char *v, size_t n)
{
    uint64_t x = number_of(v + 1, 7), first = digit(v[0]);
    if (is_letter(v[0]) && (v[0] < 'X' || v[0] > 'Z'))
        return false;
    if (is_letter(v[0]))
        first = (uint64_t)(v[0] - 'X');
    return n == 9 && "TRWAGMYFPDXBNJZSQVHLCKE"[(first * 10000000 + x) % 23] == v[8];
}

static bool check_fi_hetu(const char *v, size_t n)
{
    uint64_t x = number_of(v, 6) * 1000 + number_of(v + n - 4, 3);
    return check_day_month(v, n) && "0123456789ABCDEFHJKLMNPRSTUVWXY"[x % 31] == v[n - 1];
}

static bool check_fr_nir(const char *v, size_t n)
{
    char d[15];
    uint64_t less = 0;
    memcpy(d, v, sizeof d);
    if (is_letter(d[6])) { // Corsica: 2A is 19, 2B is 18
        if (d[5] != '2' || (d[6] != 'A' && d[6] != 'B'))
            return false;
        less = d[6] == 'A' ? 1 : 2;
        d[6] = '0';
    }
    uint64_t x = number_of(d, 13) - less * 1000000;
    return n == 15 && (d[0] == '1' || d[0] == '2') && 97 - x % 97 == number_of(d + 13, 2);
}

static bool check_gr_afm(const char *v, size_t n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 8; i++)
        sum += digit(v[i]) << (8 - i);
    return sum % 11 % 10 == digit(v[8]) && check_any(v, n);
}

static bool check_gr_amka(const char *v, size_t n)
{
    return check_day_month(v, n) && check_luhn(v, n);
}

static bool check_ie_pps(const char *v, size_t n)
{
    unsigned second = n == 9 && v[8] != 'W' ? (unsigned)(v[8] - 'A') + 1 : 0;
    return "WABCDEFGHIJKLMNOPQRSTUV"[(dot(v, "8765432") + 9 * second) % 23] == v[7];
}

// Verhoeff's check: the group of a pentagon's turns, by rule instead of by table.
static unsigned dihedral(unsigned a, unsigned b)
{
    if (a < 5)
        return b < 5 ? (a + b) % 5 : 5 + (a + b) % 5;
    return b < 5 ? 5 + (a - b + 5) % 5 : (a - b + 5) % 5;
}

static bool check_in_aadhaar(const char *v, size_t n)
{
    static const char turns[8][11] = {"0123456789", "1576283094", "5803796142", "8916043527",
                                      "9453126870", "4286573901", "2793806415", "7046913258"};
    unsigned c = 0;
    for (size_t i = 0; i < n; i++)
        c = dihedral(c, digit(turns[i % 8][digit(v[n - 1 - i])]));
    return v[0] >= '2' && c == 0;
}

static bool check_in_pan(const char *v, size_t n)
{
    return n == 10 && strchr("ABCEFGHJKLPT", v[3]);
}

static bool check_it_cf(const char *v, size_t n)
{
    static const uint8_t odd[] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                  20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    unsigned sum = 0;
    for (size_t i = 0; i < 15; i++) {
        unsigned x = is_digit(v[i]) ? digit(v[i]) : (unsigned)(v[i] - 'A');
        sum += i % 2 ? x : odd[x];
    }
    return n == 16 && v[15] == (char)('A' + sum % 26);
}

static bool check_jp_my(const char *v, size_t n)
{
    return n == 12 && eleven(dot(v, "65432765432")) % 10 == digit(v[11]) && check_any(v, n);
}

static bool check_kr_rrn(const char *v, size_t n)
{
    return n == 13 && (11 - dot(v, "234567892345") % 11) % 10 == digit(v[12]) &&
           valid_day((unsigned)number_of(v + 4, 2), (unsigned)number_of(v + 2, 2));
}

static bool check_mx_curp(const char *v, size_t n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 17; i++) {
        unsigned x = value36(v[i]);
        sum += (x > 23 ? x + 1 : x) * (18 - i); // a letter that ASCII has not stands behind N
    }
    return n == 18 && ten(sum) == digit(v[17]) && (v[10] == 'H' || v[10] == 'M' || v[10] == 'X');
}

static bool check_nl_bsn(const char *v, size_t n)
{
    return n == 9 && (dot(v, "98765432") + 11 - digit(v[8])) % 11 == 0 && check_any(v, n);
}

static bool check_no_fnr(const char *v, size_t n)
{
    return n == 11 && eleven(dot(v, "376189452")) == digit(v[9]) &&
           eleven(dot(v, "5432765432")) == digit(v[10]);
}

static bool check_nz_ird(const char *v, size_t n)
{
    char d[10] = "0";
    memcpy(d + 9 - n, v, n);
    unsigned c = eleven(dot(d, "32765432"));
    if (c == 10)
        c = eleven(dot(d, "74325276"));
    return c == digit(d[8]);
}

static bool check_pl_pesel(const char *v, size_t n)
{
    unsigned month = (unsigned)number_of(v + 2, 2) % 20;
    return n == 11 && ten(dot(v, "1379137913")) == digit(v[10]) &&
           valid_day((unsigned)number_of(v + 4, 2), month);
}

static bool check_pt_nif(const char *v, size_t n)
{
    return n == 9 && v[0] != '0' && v[0] != '4' && eleven(dot(v, "98765432")) % 10 == digit(v[8]);
}

static bool check_ro_cnp(const char *v, size_t n)
{
    unsigned c = dot(v, "279146358279") % 11;
    return n == 13 && v[0] != '0' && (c == 10 ? 1 : c) == digit(v[12]);
}

static bool check_se_pnr(const char *v, size_t n)
{
    const char *d = v + n - 10;
    unsigned day = (unsigned)number_of(d + 4, 2) % 60;
    return valid_day(day, (unsigned)number_of(d + 2, 2)) && check_luhn(d, 10);
}

static bool check_sg_nric(const char *v, size_t n)
{
    unsigned sum = dot(v + 1, "2765432");
    const char *letters = v[0] == 'S' || v[0] == 'T' ? "JZIHGFEDCBA" : "XWUTRQPNMLK";
    if (n != 9 || !strchr("STFGM", v[0]))
        return false;
    if (v[0] == 'M')
        return "KLJNPQRTUWX"[10 - (sum + 3) % 11] == v[8];
    return letters[(sum + (v[0] == 'T' || v[0] == 'G' ? 4 : 0)) % 11] == v[8];
}

static bool check_si_emso(const char *v, size_t n)
{
    return n == 13 && eleven(dot(v, "765432765432")) == digit(v[12]) && check_day_month(v, n);
}

static bool check_th_id(const char *v, size_t n)
{
    return n == 13 && (11 - dot(v, "dcba98765432") % 11) % 10 == digit(v[12]) && v[0] != '0';
}

static bool check_tr_tckn(const char *v, size_t n)
{
    unsigned odd = dot(v, "101010101"), even = dot(v, "01010101");
    return n == 11 && v[0] != '0' && (odd * 7 + 100 - even) % 10 == digit(v[9]) &&
           dot(v, "1111111111") % 10 == digit(v[10]);
}

static bool check_uk_nino(const char *v, size_t n)
{
    static const char *const never[] = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"};
    for (size_t i = 0; i < countof(never); i++)
        if (memcmp(v, never[i], 2) == 0)
            return false;
    return n == 9 && !strchr("DFIQUV", v[0]) && !strchr("DFIOQUV", v[1]) && v[8] <= 'D';
}

static bool check_uk_utr(const char *v, size_t n)
{
    return n == 10 && "21987654321"[dot(v + 1, "6789a5432") % 11] == v[0];
}

static bool check_us_itin(const char *v, size_t n)
{
    unsigned group = (unsigned)number_of(v + 3, 2);
    return n == 9 && v[0] == '9' && group >= 50 && group != 66 && group != 67 && group != 68 &&
           group != 69 && group != 89 && group != 93;
}

static bool check_au_abn(const char *v, size_t n)
{
    return n == 11 && v[0] != '0' && (dot(v, "a13579bdfhj") - 10) % 89 == 0;
}

static bool check_au_acn(const char *v, size_t n)
{
    return n == 9 && ten(dot(v, "87654321")) == digit(v[8]);
}

static bool check_br_cnpj(const char *v, size_t n)
{
    return n == 14 && eleven(dot(v, "543298765432")) % 10 == digit(v[12]) &&
           eleven(dot(v, "6543298765432")) % 10 == digit(v[13]) && check_any(v, n);
}

static bool check_de_vat(const char *v, size_t n)
{
    return memcmp(v, "DE", 2) == 0 && check_mod_11_10(v + 2, n - 2);
}

static bool check_fr_vat(const char *v, size_t n)
{
    uint64_t siren = number_of(v + 4, 9);
    return n == 13 && memcmp(v, "FR", 2) == 0 && check_luhn(v + 4, 9) &&
           (12 + 3 * (siren % 97)) % 97 == number_of(v + 2, 2);
}

static bool check_in_gstin(const char *v, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < 14; i++) {
        unsigned x = value36(v[i]) * (i % 2 ? 2 : 1);
        sum += x / 36 + x % 36;
    }
    return n == 15 && (36 - sum % 36) % 36 == value36(v[14]);
}

static bool check_pl_nip(const char *v, size_t n)
{
    return n == 10 && dot(v, "657234567") % 11 == digit(v[9]) && check_any(v, n);
}

static bool check_pl_regon(const char *v, size_t n)
{
    return n == 9 && dot(v, "89234567") % 11 % 10 == digit(v[8]) && check_any(v, n);
}

static bool check_us_ein(const char *v, size_t n)
{
    static const uint8_t never[] = {0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97};
    for (size_t i = 0; i < sizeof never; i++)
        if (number_of(v, 2) == never[i])
            return false;
    return n == 9 && check_any(v, n);
}

static bool check_au_medicare(const char *v, size_t n)
{
    return n == 10 && v[0] >= '2' && v[0] <= '6' && dot(v, "13791379") % 10 == digit(v[8]);
}

static bool check_uk_nhs(const char *v, size_t n)
{
    return n == 10 && eleven(dot(v, "a98765432")) == digit(v[9]) && check_any(v, n);
}

static bool check_us_dea(const char *v, size_t n)
{
    return n == 9 && strchr("ABCDEFGHJKLMPRSTUX", v[0]) && (is_letter(v[1]) || v[1] == '9') &&
           dot(v + 2, "121212") % 10 == digit(v[8]);
}

static bool check_us_mbi(const char *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strchr("SLOIBZ", v[i]))
            return false;
    return n == 11 && v[0] != '0';
}

static bool check_us_npi(const char *v, size_t n)
{
    char d[15] = "80840";
    memcpy(d + 5, v, 10);
    return n == 10 && (v[0] == '1' || v[0] == '2') && check_luhn(d, sizeof d);
}

static bool check_mx_clabe(const char *v, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += digit(v[i]) * (i % 3 == 0 ? 3 : i % 3 == 1 ? 7 : 1) % 10;
    return n == 18 && ten(sum) == digit(v[17]);
}

static bool check_us_aba(const char *v, size_t n)
{
    uint64_t two = number_of(v, 2);
    return n == 9 &&
           (two <= 12 || (two >= 21 && two <= 32) || (two >= 61 && two <= 72) || two == 80) &&
           dot(v, "371371371") % 10 == 0 && check_any(v, n);
}

// ISO 3779 with North America's check digit; elsewhere it does not hold, so any is taken there.
static bool check_vin(const char *v, size_t n)
{
    static const char value[] = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ";
    size_t digits = 0;
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        const char *p = strchr(value, v[i]);
        if (!p)
            return false;
        digits += is_digit(v[i]);
        sum += (unsigned)(p - value) % 10 * weight("8765432a098765432"[i]);
    }
    char want = sum % 11 == 10 ? 'X' : (char)('0' + sum % 11);
    return digits >= 4 && digits < n && (v[8] == want || v[0] > '5');
}

// --- finding -------------------------------------------------------------------------------------

static const struct id_row {
    enum id_group group;
    const char *shapes;
    size_t reach;
    enum identifier also;
    bool (*check)(const char *v, size_t n);
} rows[] = {
    [ID_NONE] = {0},
#define ID(name, group, shapes, reach, also, check)                                                \
    [ID_##name] = {ID_GROUP_##group, shapes, reach, ID_##also, check_##check},
#include "guard/ids.def"
#undef ID
};

enum { VALUE_MOST = 24 };

static bool checked(const struct id_row *row)
{
    return row->check != check_any && row->check != check_many_digits;
}

// Whether c may part a value behind `last`. What has no check digit is parted by a dash behind its
// letters, or into the pairs of a sort code: dates, versions and words beside it are parted
// otherwise.
static bool parts(const struct id_row *row, char c, char last)
{
    if (!is_alnum(last))
        return false;
    if (!checked(row))
        return (c == '-' && is_letter(last)) ||
               (row->group == ID_GROUP_ROUTING && (c == '-' || c == ' '));
    return c == ' ' || c == '-' || c == '.' || c == '/';
}

static bool fits(char c, char shape)
{
    return shape == '9' ? is_digit(c) : shape == 'A' ? is_letter(c) : is_alnum(c);
}

// The value of one shape that begins at p; its end, or 0. Its bytes without what parts them.
static size_t read_shape(const struct id_row *row, str t, size_t p, const char *shape,
                         char *ret_value)
{
    size_t n = 0;
    while (shape[n] && shape[n] != '|') {
        char c = at_byte(t, p);
        if (fits(c, shape[n]))
            ret_value[n++] = is_letter(c) ? (char)(c & ~0x20) : c;
        else if (n == 0 || !parts(row, c, t.p[p - 1]))
            return 0;
        p++;
    }
    must(n <= VALUE_MOST);
    return is_alnum(at_byte(t, p)) || at_byte(t, p) == '_' ? 0 : p;
}

// Whether a value of the row begins at p and holds the byte at `at`.
static bool match_row(const struct id_row *row, str t, size_t p, size_t at, size_t *ret_end)
{
    char v[VALUE_MOST];
    must(p <= at);
    for (const char *shape = row->shapes; shape;) {
        size_t n = strcspn(shape, "|"), end = read_shape(row, t, p, shape, v);
        if (end > at && row->check(v, n)) {
            *ret_end = end;
            return true;
        }
        shape = shape[n] ? shape + n + 1 : NULL;
    }
    return false;
}

bool id_valid(enum identifier id, str value)
{
    size_t end;
    must(id > ID_NONE && id < countof(rows));
    return match_row(&rows[id], value, 0, 0, &end) && end == value.n;
}

// The value that the word names, around the anchor; its start, or SIZE_MAX.
static size_t value_of(const struct id_row *row, str t, const struct named *word, size_t at,
                       size_t *ret_end)
{
    enum { BEFORE = 20 };
    must(word->end <= at && at < t.n);
    size_t p = max_size(word->end, at > BEFORE ? at - BEFORE : 0);
    for (; p <= at && p - word->end <= row->reach; p++)
        if (is_alnum(t.p[p]) && apart(t, p) && match_row(row, t, p, at, ret_end))
            return p;
    return SIZE_MAX;
}

// Values without a check digit must be near the word, on its line, and no other word between.
bool id_match(struct look *l, enum id_group group, struct hit *ret_hit)
{
    must(l->at < l->text.n);
    for (size_t k = 0; k < countof(l->named); k++) {
        struct named *word = &l->named[k];
        for (enum identifier id = word->id; id && word->end <= l->at; id = rows[id].also) {
            const struct id_row *row = &rows[id];
            bool sure = checked(row);
            size_t end, start;
            if (row->group != group ||
                (!sure && (k > 0 || memchr(l->text.p + word->end, '\n', l->at - word->end))))
                continue;
            start = value_of(row, l->text, word, l->at, &end);
            if (start == SIZE_MAX)
                continue;
            if (sure) // a list of them may follow
                word->end = end;
            *ret_hit = (struct hit){start, end, sure ? 0.9f : 0.7f};
            return true;
        }
    }
    return false;
}
