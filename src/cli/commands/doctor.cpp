// frugal doctor: what this machine offers, and whether the kernels compute rightly on it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/log.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/thread_pool.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/train_program.h"
#include "kernels/kernels.h"
#include "kernels/self_check.h"

namespace frugal {
namespace {

namespace fs = std::filesystem;

struct Check {
  std::string name;
  bool ok;
  std::string detail;
};

// The value after "key :" in a file of such lines (/proc/cpuinfo, /proc/meminfo), or "".
std::string proc_value(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    std::size_t value = line.find_first_not_of(" \t", line.find(':') + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::uint64_t memory_bytes(const std::string& key) {
  return std::strtoull(proc_value("/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

struct Cache {
  std::string name;  // "L1d", "L2", "L3"
  std::uint64_t bytes;
};

std::vector<Cache> caches() {
  std::vector<Cache> found;
  constexpr std::pair<const char*, int> sizes[] = {
      {"L1d", _SC_LEVEL1_DCACHE_SIZE}, {"L2", _SC_LEVEL2_CACHE_SIZE}, {"L3", _SC_LEVEL3_CACHE_SIZE}};
  for (auto [name, key] : sizes)
    if (long bytes = sysconf(key); bytes > 0) found.push_back({name, static_cast<std::uint64_t>(bytes)});
  return found;
}

bool in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((fs::path(folder) / program).c_str(), X_OK) == 0) return true;
  return false;
}

std::vector<Check> kernel_checks(const std::vector<Isa>& isas, std::uint64_t seed) {
  std::vector<Check> checks;
  for (Isa isa : isas) {
    if (isa == Isa::scalar) continue;  // the reference
    for (const KernelCheck& check : check_kernels(isa, seed))
      checks.push_back(
          {fmt::format("{} {}", name(isa), check.name), check.ok(),
           fmt::format("{} cases, largest error {:.1e} of {:.0e}", check.cases, check.error, check.tolerance)});
  }
  return checks;
}

int run_doctor(const Common& common) {
  std::vector<Isa> isas;
  for (Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512})
    if (isa_supported(isa)) isas.push_back(isa);
  std::vector<Check> checks = kernel_checks(isas, common.seed);
  std::string trainer = train_program();
  bool all_good = std::all_of(checks.begin(), checks.end(), [](const Check& c) { return c.ok; });

  Json peaks = Json::object(), cache_json = Json::object(), list = Json::array(), isa_names = Json::array();
  for (Isa isa : isas) {
    isa_names.push_back(name(isa));
    peaks[std::string(name(isa))] = measured_peak_gmacs(isa);
  }
  for (const Cache& cache : caches()) cache_json[cache.name] = cache.bytes;
  for (const Check& check : checks) list.push_back({{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}});
  if (common.json) {
    print_json({{"isa", name(active_isa())},
                {"isa_supported", isa_names},
                {"cpu", proc_value("/proc/cpuinfo", "model name")},
                {"cores", available_cores()},
                {"caches", cache_json},
                {"memory_bytes", memory_bytes("MemTotal")},
                {"memory_available_bytes", memory_bytes("MemAvailable")},
                {"peak_gmac_per_s", peaks},
                {"int8", active_kernels().int8.dense.instruction},
                {"libtorch", !trainer.empty()},
                {"mpi", in_path("mpirun")},
                {"checks", list}});
    return all_good ? 0 : 1;
  }

  print("cpu           {}\n", proc_value("/proc/cpuinfo", "model name"));
  print("cores         {} that this process may use\n", available_cores());
  print("isa           {} (of {})\n", name(active_isa()), join(isa_names.get<std::vector<std::string>>(), ", "));
  for (Isa isa : isas)
    print("peak          {:.1f} GMAC/s fp32 on one core with {}\n", measured_peak_gmacs(isa), name(isa));
  print("8 bits        {}{}\n", active_kernels().int8.dense.instruction,
        active_isa() == Isa::avx2 && avx_vnni_supported() ? " (AVX-VNNI)" : "");
  for (const Cache& cache : caches()) print("{:<13} {}\n", cache.name, bytes_text(cache.bytes));
  print("memory        {}, {} available\n", bytes_text(memory_bytes("MemTotal")),
        bytes_text(memory_bytes("MemAvailable")));
  print("training      {}\n", trainer.empty() ? "no (this build has no LibTorch)" : "yes (" + trainer + ")");
  print("mpirun        {}\n\n", in_path("mpirun") ? "yes" : "no: training runs in one process");
  if (checks.empty()) print("no kernels beyond the scalar reference run on this machine\n");
  for (const Check& check : checks)
    print("{}  {:<24} {}\n", check.ok ? coloured("ok  ", Colour::green, 1) : coloured("FAIL", Colour::red, 1),
          check.name, check.detail);
  if (!all_good) log_error("kernels compute wrongly on this machine; FRUGAL_ISA=scalar avoids them");
  return all_good ? 0 : 1;
}

}  // namespace

FRUGAL_COMMAND(doctor) {
  commands.add(
      {.name = "doctor",
       .summary = "What this machine offers, and whether the kernels are right on it",
       .help =
           "Tells instruction sets, cores, caches, memory and measured peak speed, whether this build can train, and\n"
           "proves the fast kernels against the scalar reference on random shapes (--seed). Exit status 1 if one is\n"
           "wrong. JSON: {isa, cores, checks[{name, ok, detail}], ...}.",
       .examples = "  frugal doctor\n  FRUGAL_ISA=avx2 frugal doctor --json",
       .define = [](CLI::App&) -> CommandRun { return run_doctor; }});
}

}  // namespace frugal
