# The table of devices in README.md is what results/devices/table.sh makes of the reports beside it.
# SOURCE: the folder of the tree.
find_program(JQ jq)
if(NOT JQ)
    message("skipped: jq is not there (Debian: apt install jq)")
    return()
endif()
execute_process(COMMAND sh ${SOURCE}/results/devices/table.sh OUTPUT_VARIABLE table
                COMMAND_ERROR_IS_FATAL ANY)
file(READ ${SOURCE}/README.md readme)
string(FIND "${readme}" "${table}" at)
if(at EQUAL -1)
    message(FATAL_ERROR "README.md does not have the table of results/devices/table.sh:\n${table}")
endif()
