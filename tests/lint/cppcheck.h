/* What cppcheck, which does not read jansson's header, has to know of it. */
#define json_object_foreach(object, key, value) \
    for ((key) = "", (value) = (object); (key) && (value);)
