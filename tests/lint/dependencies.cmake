# Dependencies point one way: cli -> report, datasets, backends, core; backends -> core, cl;
# datasets -> core; report -> core; core -> the C library, jansson, xxHash.
# SOURCE: the folder of the tree.

# Fail for each line of the C files in FOLDER that matches PATTERN. EXCEPT: files to leave out.
function(refuse folder pattern why)
    file(GLOB_RECURSE files ${SOURCE}/${folder}/*.c ${SOURCE}/${folder}/*.h)
    foreach(file IN LISTS files)
        file(RELATIVE_PATH name ${SOURCE} ${file})
        if(ARGC GREATER 3 AND name MATCHES "${ARGV3}")
            continue()
        endif()
        file(STRINGS ${file} lines REGEX "${pattern}")
        foreach(line IN LISTS lines)
            message(SEND_ERROR "${name}: ${why}: ${line}")
        endforeach()
    endforeach()
endfunction()

set(include "^[ \t]*#[ \t]*include[ \t]*[<\"]")
foreach(folder core backends datasets report cli tests)
    refuse(${folder} "${include}(CL|OpenCL)/" "OpenCL belongs into backends/opencl"
           "^backends/opencl/")
    refuse(${folder} "${include}clblast" "CLBlast belongs into backends/opencl"
           "^backends/opencl/")
endforeach()

# What is read decides nothing about what is run.
foreach(folder core backends datasets report cli)
    refuse(${folder} "(^|[^A-Za-z_])(system|popen|exec[lv]p?e?|fork|dlopen)[ \t]*\\("
           "no shell, no program by a name from a file, no plug-ins")
endforeach()

refuse(core "${include}(backends|datasets|report|cli|tests)/" "core includes core only")
refuse(core "^[ \t]*#.*(OPENCL|CLBLAST|CUDA|WEFT_GPU)" "core knows no device")
refuse(core "(^|[^A-Za-z_])(printf|puts|perror|exit|_exit|abort|signal|sigaction)[ \t]*\\("
       "the library never prints, ends the process or takes a signal")
refuse(backends "${include}(datasets|report|cli|tests)/" "backends include core only")
refuse(backends "(^|[^A-Za-z_])(printf|puts|perror|exit|_exit|abort|signal|sigaction|fork)[ \t]*\\("
       "the library never prints, ends the process or takes a signal")
refuse(backends/cpu "${include}backends/opencl" "backends do not know each other")
refuse(backends/opencl "${include}backends/cpu" "backends do not know each other")
refuse(datasets "${include}(backends|report|cli|tests)/" "datasets include core only")
refuse(report "${include}(backends|datasets|cli|tests)/" "report includes core only")
