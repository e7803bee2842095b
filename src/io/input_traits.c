#include "io/input.h"

const struct input_traits input_traits[INPUT_KINDS] = {
#define TRAITS(...)                                                                                                    \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define LIST(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }
#define INPUT(id, symbol, name, traits, bind, schema, words, help) [INPUT_##id] = traits,
#define LISTENER(id, name, traits, bind, schema, words, help) [INPUT_##id] = traits,
#define TABLED(id, symbol, name, traits, table, help) [INPUT_##id] = traits,
#include "io/inputs.def"
};
