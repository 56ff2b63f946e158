# LibTorch::LibTorch, without the package's own TorchConfig.cmake: that one edits global flags, and of a build with
# CUDA it asks for the whole CUDA toolkit, which a program that only calls torch's C++ interface does not need.
#
# Looked for in CMAKE_PREFIX_PATH (an unpacked LibTorch, or what torch.utils.cmake_prefix_path prints), in Torch_DIR,
# and in LibTorch_HINTS (site-packages/torch folders).
set(_hints ${LibTorch_HINTS})
if(Torch_DIR)
  list(APPEND _hints ${Torch_DIR}/../../..)
endif()
find_path(LibTorch_INCLUDE_DIR torch/csrc/api/include/torch/torch.h HINTS ${_hints} PATH_SUFFIXES include ../../include)
get_filename_component(_root "${LibTorch_INCLUDE_DIR}" DIRECTORY)
foreach(_library torch torch_cpu c10 torch_cuda c10_cuda)
  find_library(LibTorch_${_library}_LIBRARY ${_library} HINTS ${_root}/lib NO_DEFAULT_PATH)
  mark_as_advanced(LibTorch_${_library}_LIBRARY)
endforeach()

if(LibTorch_INCLUDE_DIR AND EXISTS ${_root}/share/cmake/Torch/TorchConfig.cmake)
  file(STRINGS ${_root}/share/cmake/Torch/TorchConfig.cmake _old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
endif()
unset(LibTorch_VERSION)
foreach(_header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
  if(LibTorch_INCLUDE_DIR AND EXISTS ${LibTorch_INCLUDE_DIR}/${_header} AND NOT LibTorch_VERSION)
    file(STRINGS ${LibTorch_INCLUDE_DIR}/${_header} _defines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX MATCHALL "[0-9]+" _numbers "${_defines}")
    string(REPLACE ";" "." LibTorch_VERSION "${_numbers}")
  endif()
endforeach()
if(_old_abi)
  set(LibTorch_FOUND FALSE)
  message(STATUS "${_root}: this LibTorch was built for the C++ ABI before C++11; it cannot be linked here")
  return()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_torch_LIBRARY LibTorch_torch_cpu_LIBRARY
  LibTorch_c10_LIBRARY LibTorch_INCLUDE_DIR VERSION_VAR LibTorch_VERSION)
mark_as_advanced(LibTorch_INCLUDE_DIR)

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch INTERFACE ${LibTorch_INCLUDE_DIR}
    ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include)
  set(_libraries ${LibTorch_torch_LIBRARY} ${LibTorch_torch_cpu_LIBRARY} ${LibTorch_c10_LIBRARY})
  if(LibTorch_torch_cuda_LIBRARY)
    # The CUDA kernels register themselves when their library is loaded, though nothing refers to it by name; the
    # CUDA runtime they need lies in other pip packages, which the loader finds and the linker need not.
    set(_libraries -Wl,--no-as-needed ${_libraries} ${LibTorch_torch_cuda_LIBRARY} ${LibTorch_c10_cuda_LIBRARY}
        -Wl,--as-needed -Wl,--allow-shlib-undefined)
  endif()
  target_link_libraries(LibTorch::LibTorch INTERFACE ${_libraries})
endif()
