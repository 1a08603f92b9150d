/*
 * run(n): n rounds of what CoreMark mixes: a linked list that is searched, reversed and sorted, products of matrices of 16-bit
 * integers, a state machine that reads numbers, and a CRC over what each of them gave.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

enum { NODES = 200, SIZE = 16 };

struct node {
  struct node *next;
  short key;
  short value;
};

static struct node nodes[NODES];
static short left[SIZE * SIZE], right[SIZE * SIZE];
static int product[SIZE * SIZE];
static const char input[] = "5012,-874,+122,35.5,-0.75,1e5,T0.9x,.1e-2,+0.1e,--3,1.7e+4,,12a,9999,0.0.1,-5e-7,77,3.14159";

static u16 crc(u32 value, u16 sum) {
  for (int bit = 0; bit < 32; bit++) {
    u16 carry = (sum ^ value) & 1;
    value >>= 1;
    sum >>= 1;
    if (carry) sum ^= 0xa001;
  }
  return sum;
}

static struct node *find(struct node *list, short key) {
  while (list && list->key != key) list = list->next;
  return list;
}

static struct node *reverse(struct node *list) {
  struct node *done = 0;
  while (list) {
    struct node *next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static int by_key(const struct node *a, const struct node *b) { return a->key - b->key; }
static int by_value(const struct node *a, const struct node *b) { return (a->value & 0xff) - (b->value & 0xff); }

typedef int (*order)(const struct node *, const struct node *);

/* A merge sort from the bottom up, as CoreMark's. */
static struct node *sort(struct node *list, order compare) {
  for (int run = 1;; run *= 2) {
    struct node *p = list, *tail = 0;
    int merges = 0;
    list = 0;
    while (p) {
      merges++;
      struct node *q = p;
      int in_p = 0, in_q = run;
      while (in_p < run && q) in_p++, q = q->next;
      while (in_p > 0 || (in_q > 0 && q)) {
        struct node *e;
        if (in_p == 0) e = q, q = q->next, in_q--;
        else if (in_q == 0 || !q || compare(p, q) <= 0) e = p, p = p->next, in_p--;
        else e = q, q = q->next, in_q--;
        if (tail) tail->next = e;
        else list = e;
        tail = e;
      }
      p = q;
    }
    tail->next = 0;
    if (merges <= 1) return list;
  }
}

static u16 lists(u32 seed, u16 sum) {
  for (int i = 0; i < NODES; i++) {
    seed = seed * 1103515245u + 12345u;
    nodes[i].key = seed >> 18;
    nodes[i].value = seed >> 8;
    nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : 0;
  }
  struct node *list = nodes;
  for (int i = 0; i < 30; i++) {
    struct node *found = find(list, nodes[(i * 7) % NODES].key);
    list = reverse(list);
    sum = crc(found ? found->value : i, sum);
  }
  list = sort(list, by_key);
  sum = crc(list->value, sum);
  list = sort(list, by_value);
  for (struct node *at = list; at; at = at->next) sum = crc(at->key, sum);
  return sum;
}

static u16 matrices(int seed, u16 sum) {
  for (int i = 0; i < SIZE * SIZE; i++) {
    left[i] = (seed * i) % 255;
    right[i] = (seed + i) % 127;
  }
  for (int i = 0; i < SIZE; i++)
    for (int j = 0; j < SIZE; j++) {
      int total = 0;
      for (int k = 0; k < SIZE; k++) {
        int one = left[i * SIZE + k] * right[k * SIZE + j];
        total += ((one >> 2) & 15) * ((one >> 5) & 127);
      }
      product[i * SIZE + j] = total;
    }
  int high = 0;
  for (int i = 0; i < SIZE * SIZE; i++) high += product[i] > 1000 ? 10 : product[i] > high ? 1 : 0;
  return crc(high, sum);
}

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, SCIENTIFIC, INVALID, STATES };

static int digit(char c) { return c >= '0' && c <= '9'; }

static u16 states(u32 seed, u16 sum) {
  u32 seen[STATES] = {0};
  for (u32 at = seed % 16; input[at]; at++) {
    enum state state = START;
    for (; input[at] && input[at] != ','; at++) {
      char c = input[at];
      switch (state) {
        case START: state = digit(c) ? INTEGER : c == '+' || c == '-' ? SIGN : c == '.' ? POINT : INVALID; break;
        case SIGN: state = digit(c) ? INTEGER : c == '.' ? POINT : INVALID; break;
        case INTEGER: state = digit(c) ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case POINT: state = digit(c) ? FRACTION : INVALID; break;
        case FRACTION: state = digit(c) ? FRACTION : c == 'e' ? EXPONENT : INVALID; break;
        case EXPONENT: state = digit(c) ? SCIENTIFIC : c == '+' || c == '-' ? EXPONENT_SIGN : INVALID; break;
        case EXPONENT_SIGN: case SCIENTIFIC: state = digit(c) ? SCIENTIFIC : INVALID; break;
        default: break;
      }
      seen[state]++;
    }
    if (!input[at]) break;
  }
  for (int i = 0; i < STATES; i++) sum = crc(seen[i], sum);
  return sum;
}

__attribute__((export_name("run"))) int run(int n) {
  u16 sum = 0xffff;
  for (int i = 0; i < n; i++) {
    sum = lists(i, sum);
    sum = matrices(i + 1, sum);
    sum = matrices(i + 3, sum);
    for (int again = 0; again < 8; again++) sum = states(i + again, sum);
  }
  return sum;
}
