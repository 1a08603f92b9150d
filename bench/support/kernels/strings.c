/* run(n): n times over a text of 64 KiB: is it UTF-8, where are three words in it, what is its hash, how many words has it. */
typedef unsigned char u8;
typedef unsigned int u32;

enum { LENGTH = 65536 };

static u8 text[LENGTH];

static void fill(void) {
  static const char *const words[] = {"the", "quick", "brown", "fox", "na\xc3\xafve", "\xe6\x9d\xb1\xe4\xba\xac", "jumps", "over",
                                      "\xf0\x9f\xa6\x8a", "lazy", "dog", "capability"};
  u32 seed = 1, at = 0;
  while (at < LENGTH - 16) {
    seed = seed * 1664525u + 1013904223u;
    for (const char *word = words[(seed >> 20) % 12]; *word; word++) text[at++] = *word;
    text[at++] = seed >> 31 ? ' ' : '\n';
  }
  while (at < LENGTH) text[at++] = '.';
}

/* How many characters the text has, or -1 when it is no UTF-8. */
static int characters(const u8 *at, const u8 *end) {
  int count = 0;
  while (at < end) {
    u32 first = *at;
    int more = first < 0x80 ? 0 : first >= 0xc2 && first < 0xe0 ? 1 : (first & 0xf0) == 0xe0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : -1;
    if (more < 0 || end - at <= more) return -1;
    if (more > 1) {
      u32 second = at[1];
      if (first == 0xe0 && second < 0xa0) return -1;
      if (first == 0xed && second > 0x9f) return -1;
      if (first == 0xf0 && second < 0x90) return -1;
      if (first == 0xf4 && second > 0x8f) return -1;
    }
    for (int i = 1; i <= more; i++)
      if ((at[i] & 0xc0) != 0x80) return -1;
    at += more + 1;
    count++;
  }
  return count;
}

/* Horspool's search: how often the needle is there. */
static int occurrences(const u8 *needle, int length) {
  u8 skip[256];
  for (int i = 0; i < 256; i++) skip[i] = length;
  for (int i = 0; i < length - 1; i++) skip[needle[i]] = length - 1 - i;
  int count = 0;
  for (int at = 0; at <= LENGTH - length;) {
    int i = length - 1;
    while (i >= 0 && text[at + i] == needle[i]) i--;
    count += i < 0;
    at += skip[text[at + length - 1]];
  }
  return count;
}

/* FNV-1a. */
static u32 hash(void) {
  u32 value = 0x811c9dc5;
  for (int i = 0; i < LENGTH; i++) value = (value ^ text[i]) * 0x01000193;
  return value;
}

static int words(void) {
  int count = 0, inside = 0;
  for (int i = 0; i < LENGTH; i++) {
    int space = text[i] == ' ' || text[i] == '\n' || text[i] == '\t';
    count += !space && !inside;
    inside = !space;
  }
  return count;
}

__attribute__((export_name("run"))) int run(int n) {
  if (!text[0]) fill();
  u32 sum = 0;
  for (int i = 0; i < n; i++) {
    sum = sum * 31 + characters(text, text + LENGTH);
    sum = sum * 31 + occurrences((const u8 *)"capability", 10);
    sum = sum * 31 + occurrences((const u8 *)"fox", 3);
    sum = sum * 31 + occurrences((const u8 *)"no such word", 12);
    sum = sum * 31 + hash() + words();
  }
  return sum;
}
