/* What cppcheck, which does not read jansson's header, has to know of it. */
#define json_object_foreach(object, key, value) \
    for ((key) = "", (value) = (object); (value);)
#define json_array_foreach(array, index, value) for ((index) = 0, (value) = (array); (value);)
