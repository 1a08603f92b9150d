/* run(n): n rounds of a small interpreter of a stack machine, whose program counts the steps of Collatz's sequences. */
typedef unsigned char u8;
typedef unsigned int u32;

enum { PUSH, LOAD, STORE, ADD, MULTIPLY, HALVE, ODD, LESS, JUMP, JUMP_IF_NOT, HALT };

static const u8 program[] = {
    /*  0 */ PUSH, 1, STORE, 0,                                            /* i = 1 */
    /*  4 */ LOAD, 0, PUSH, 100, LESS, JUMP_IF_NOT, 62,                    /* while (i < 100) */
    /* 11 */ LOAD, 0, STORE, 1,                                            /*   x = i */
    /* 15 */ PUSH, 1, LOAD, 1, LESS, JUMP_IF_NOT, 53,                      /*   while (1 < x) */
    /* 22 */ LOAD, 1, ODD, JUMP_IF_NOT, 39,                                /*     if (x & 1) */
    /* 27 */ LOAD, 1, PUSH, 3, MULTIPLY, PUSH, 1, ADD, STORE, 1, JUMP, 44, /*       x = 3 * x + 1 */
    /* 39 */ LOAD, 1, HALVE, STORE, 1,                                     /*     else x = x / 2 */
    /* 44 */ LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 15,                    /*     steps = steps + 1 */
    /* 53 */ LOAD, 0, PUSH, 1, ADD, STORE, 0, JUMP, 4,                     /*   i = i + 1 */
    /* 62 */ HALT,
};

static u32 variables[4];

static u32 interpret(const u8 *code) {
  u32 stack[16];
  int top = 0;
  int at = 0;
  for (;;) {
    switch (code[at++]) {
      case PUSH: stack[top++] = code[at++]; break;
      case LOAD: stack[top++] = variables[code[at++]]; break;
      case STORE: variables[code[at++]] = stack[--top]; break;
      case ADD: top--; stack[top - 1] += stack[top]; break;
      case MULTIPLY: top--; stack[top - 1] *= stack[top]; break;
      case HALVE: stack[top - 1] >>= 1; break;
      case ODD: stack[top - 1] &= 1; break;
      case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; break;
      case JUMP: at = code[at]; break;
      case JUMP_IF_NOT: at = stack[--top] ? at + 1 : code[at]; break;
      default: return variables[2];
    }
  }
}

__attribute__((export_name("run"))) int run(int n) {
  u32 sum = 0;
  variables[2] = 0;
  for (int i = 0; i < n; i++) sum = sum * 31 + interpret(program);
  return sum;
}
