# Included by the top CMakeLists.txt. tests/unit/test_*.c and tests/golden/test_*.c are cmocka
# programs; tests/fuzz/fuzz_*.c are libFuzzer targets (CAVEA_FUZZ, clang) that otherwise replay
# their corpus; integration and e2e tests are scripts that ops/test starts by label.
set(TEST_LIBRARIES cavea_edge cavea_gateway cavea_command cavea_provider_lib cavea_sim cavea_audit
    cavea_bus cavea_perform cavea_runtime cavea_event cavea_payment cavea_ticket cavea_expiry
    cavea_store cavea_host cavea_schemas PkgConfig::CMOCKA)

foreach(label unit golden)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/${label}/test_*.c)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    if(label STREQUAL golden)
      target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/golden/transcript.c)
    endif()
    target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES})
    target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 120)
  endforeach()
endforeach()

file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  if(CAVEA_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${source} tests/fuzz/replay.c)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES})
endforeach()

# Programs that integration and e2e tests start: everything under tests/integration/*.c, with what
# they share in tests/support.
file(GLOB support CONFIGURE_DEPENDS tests/support/*.c)
add_library(cavea_test_support STATIC EXCLUDE_FROM_ALL ${support})
target_link_libraries(cavea_test_support PUBLIC cavea_store cavea_schemas PkgConfig::CURL
  PkgConfig::JANSSON)
file(GLOB programs CONFIGURE_DEPENDS tests/integration/*.c)
foreach(source ${programs})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cavea_test_support ${TEST_LIBRARIES} PkgConfig::NATS
    PkgConfig::CURL)
  target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endforeach()

# What ops/bench and the bench guard start: tests/bench/<name>.c is the program bench_<name>, with
# its parts in tests/bench/<name>/.
file(GLOB benches CONFIGURE_DEPENDS tests/bench/*.c)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  file(GLOB parts CONFIGURE_DEPENDS tests/bench/${name}/*.c)
  add_executable(bench_${name} ${source} ${parts})
  target_link_libraries(bench_${name} PRIVATE ${TEST_LIBRARIES} PkgConfig::NATS m)
endforeach()
