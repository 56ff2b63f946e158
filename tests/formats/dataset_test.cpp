#include "formats/dataset.h"

#include <stdlib.h>

#include "formats/format_test.h"
#include "formats/inflate.h"

namespace frugal {
namespace {

using namespace test;
namespace fs = std::filesystem;

std::string idx(std::initializer_list<unsigned> dims, const std::string& data, int type = 8) {
  std::string out = big(static_cast<unsigned>(type), 3) + big(dims.size(), 1);
  for (unsigned d : dims) out += big(d, 4);
  return out + data;
}

std::string gzip(const std::string& text) {
  auto packed = deflate(bytes_of(text));
  return std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) +
         std::string(reinterpret_cast<const char*>(packed.data()), packed.size()) + little(crc32(text), 4) +
         little(text.size(), 4);
}

std::string record(int label, char fill) { return std::string(1, static_cast<char>(label)) + std::string(3072, fill); }

struct Broken {
  const char* what;
  std::string bytes;
  const char* word;
};

TEST(Idx, ReadsPlainAndGzip) {
  Tensor wanted = Tensor::from<std::uint8_t>({1, 2, 2}, {'a', 'b', 'c', 'd'});
  EXPECT_TRUE(same(read_idx(bytes_of(idx({1, 2, 2}, "abcd"))), wanted));
  EXPECT_TRUE(same(read_idx(bytes_of(gzip(idx({1, 2, 2}, "abcd")))), wanted));
}

TEST(Idx, RefusesEachBrokenField) {
  const std::string good = idx({2}, "ab"), packed = gzip(good);
  const std::size_t end = packed.size();
  const std::vector<Broken> table = {
      {"empty", "", "too short"},
      {"magic", patched(good, 0, "X"), "magic"},
      {"type float", idx({2}, "12345678", 0x0d), "type 0x0d"},
      {"rank 0", idx({}, "a"), "0 dims"},
      {"rank 5", idx({1, 1, 1, 1, 1}, "a"), "5 dims"},
      {"header cut", good.substr(0, 7), "header"},
      {"count high", idx({3}, "ab"), "truncated"},
      {"count huge", idx({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, "ab"), "overflows"},
      {"trailing", good + "x", "trailing"},
      {"gzip method", patched(packed, 2, "\x07"), "corrupt"},
      {"gzip data", patched(packed, 10, "\xff"), "corrupt"},
      {"gzip crc", patched(packed, end - 8, "XX"), "corrupt"},
      {"gzip length", patched(packed, end - 4, little(9, 4)), "corrupt"},
      {"gzip length huge", patched(packed, end - 4, "\xff\xff\xff\x7f"), "cannot unpack"},
      {"gzip cut", packed.substr(0, end - 1), ""},
      {"gzip trailing", packed + little(0, 4) + little(good.size(), 4), "trailing"},
      {"gzip too short", packed.substr(0, 12), "gzip"},
  };
  for (const Broken& row : table) {
    SCOPED_TRACE(row.what);
    EXPECT_ERROR(read_idx(bytes_of(row.bytes)), row.word);
  }
  EXPECT_ERROR(read_idx(bytes_of(packed), 5), "limit of 5");
  EXPECT_ERROR(read_idx(bytes_of(good), 1), "limit of 1");
}

TEST(Cifar, ReadsAndRefuses) {
  CifarRecords records = read_cifar(bytes_of(record(3, 'x') + record(9, 'y')), 1, 10);
  EXPECT_EQ(records.labels, (std::vector<int>{3, 9}));
  EXPECT_EQ(records.pixels.shape(), (Shape{2, 3, 32, 32}));
  EXPECT_EQ(records.pixels.data<std::uint8_t>()[3072], 'y');
  EXPECT_EQ(read_cifar(bytes_of("\x05" + record(7, 'z')), 2, 100).labels[0], 7);
  EXPECT_ERROR(read_cifar(bytes_of(""), 1, 10), "truncated");
  EXPECT_ERROR(read_cifar(bytes_of(record(0, 'x').substr(1)), 1, 10), "truncated");
  EXPECT_ERROR(read_cifar(bytes_of(record(0, 'x') + record(10, 'x')), 1, 10), "record 1 has label 10");
  EXPECT_ERROR(read_cifar(bytes_of(record(255, 'x')), 1, 10), "label 255");
}

TEST(Dataset, IdxFolder) {
  TempDir dir;
  write_file(dir / "train-images-idx3-ubyte", idx({2, 1, 2}, "abcd"));
  write_file(dir / "train-labels-idx1-ubyte.gz", gzip(idx({2}, std::string("\x01\x00", 2))));
  auto set = open_dataset(dir.path(), "train");
  ASSERT_EQ(set->size(), 2u);
  EXPECT_EQ(set->labels(), (std::vector<int>{1, 0}));
  EXPECT_EQ(set->class_names(), (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(set->pixels().shape(), (Shape{2, 1, 1, 2}));
  Image image = set->get(1);
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (std::vector<std::uint8_t>{'c', 'd'}));
  EXPECT_ERROR(set->get(2), "asked of a data set of 2");
  write_file(dir / "classes.txt", "cat\r\nday dog\n\n");
  EXPECT_EQ(open_dataset(dir.path(), "train")->class_names(), (std::vector<std::string>{"cat", "day dog"}));
  write_file(dir / "classes.txt", "cat\n");
  EXPECT_ERROR(open_dataset(dir.path(), "train"), "label 1");
  EXPECT_ERROR(open_dataset(dir.path(), "test"), "no data set");
  EXPECT_ERROR(open_dataset(dir.path(), "tset"), "unknown split 'tset'");
  write_file(dir / "train-labels-idx1-ubyte.gz", gzip(idx({1}, "a")));
  EXPECT_ERROR(open_dataset(dir.path(), "train"), "1 labels for the 2 pictures");
  write_file(dir / "train-images-idx3-ubyte", idx({2}, "ab"));
  EXPECT_ERROR(open_dataset(dir.path(), "train"), "not count x height x width");
  write_file(dir / "train-images-idx3-ubyte", "");
  EXPECT_ERROR(open_dataset(dir.path(), "train"), "train-images-idx3-ubyte: ");
}

TEST(Dataset, CifarFolders) {
  TempDir dir;
  for (int i = 1; i <= 5; ++i)
    write_file(dir / ("data_batch_" + std::to_string(i) + ".bin"), record(i, static_cast<char>(i)));
  write_file(dir / "test_batch.bin", record(9, 'x') + record(8, 'y'));
  auto train = open_dataset(dir.path(), "train");
  EXPECT_EQ(train->labels(), (std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_EQ(train->class_names().at(9), "truck");
  EXPECT_EQ(train->get(4).pixels[7], 5);
  EXPECT_EQ(open_dataset(dir.path(), "test")->size(), 2u);
  EXPECT_EQ(open_dataset(dir.path(), "val")->size(), 2u);
  fs::remove(dir / "data_batch_3.bin");
  EXPECT_ERROR(open_dataset(dir.path(), "train"), "data_batch_3.bin");

  TempDir hundred;
  std::string names;
  for (int i = 0; i < 100; ++i) names += "class" + std::to_string(i) + "\n";
  write_file(hundred / "fine_label_names.txt", names);
  write_file(hundred / "train.bin", "\x03" + record(42, 'x'));
  EXPECT_EQ(open_dataset(hundred.path(), "train")->label(0), 42);
  EXPECT_EQ(open_dataset(hundred.path(), "train")->class_names()[42], "class42");
}

TEST(Dataset, ClassFolders) {
  TempDir dir;
  for (const char* picture :
       {"train/b/2.png", "train/b/1.PNG", "train/a/x.png", "val/b/y.png", "train/.hidden/z.png"}) {
    fs::create_directories((dir / picture).parent_path());
    write_png(dir / picture, Image(2, 3, 3, static_cast<std::uint8_t>(picture[8])));
  }
  write_file(dir / "train/b/notes.txt", "not a picture");
  auto train = open_dataset(dir.path(), "train");
  EXPECT_EQ(train->class_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(train->labels(), (std::vector<int>{0, 1, 1}));
  EXPECT_EQ(train->get(1).pixels[0], '1');
  EXPECT_FALSE(train->pixels().defined());
  for (const char* split : {"val", "test"}) EXPECT_EQ(open_dataset(dir.path(), split)->label(0), 1);

  EXPECT_EQ(open_dataset(dir / "train", "test")->size(), 3u);
  EXPECT_ERROR(open_dataset(dir / "train", "train"), "no folder train/");
  fs::create_directories(dir / "val/c");
  EXPECT_ERROR(open_dataset(dir.path(), "val"), "class that the training pictures do not have");
  write_file(dir / "train/a/x.png", "broken");
  EXPECT_ERROR(train->get(0), "x.png");
  fs::create_directories(dir / "empty/test/a");
  EXPECT_ERROR(open_dataset(dir / "empty", "test"), "no pictures");
}

TEST(Dataset, NamesAndHints) {
  TempDir dir;
  ::setenv("FRUGAL_DATA", dir.path().c_str(), 1);
  EXPECT_ERROR(open_dataset("cifar10", "test"), "run: tools/get-data cifar10");
  EXPECT_ERROR(open_dataset("cifar11", "test"), "known data set (cifar10, fashion-mnist, mnist)");
  fs::create_directories(dir / "fashion-mnist");
  write_file(dir / "fashion-mnist/t10k-images-idx3-ubyte", idx({1, 1, 1}, "a"));
  write_file(dir / "fashion-mnist/t10k-labels-idx1-ubyte", idx({1}, "\x09"));
  EXPECT_EQ(open_dataset("fashion-mnist", "test")->class_names()[0], "T-shirt/top");
  EXPECT_EQ(open_dataset((dir / "fashion-mnist").string() + "/", "val")->class_names()[9], "Ankle boot");
  ::unsetenv("FRUGAL_DATA");
}

TEST(Dataset, SharedSets) {
  fs::path root = shared_path("data/classification");
  FRUGAL_SKIP_WITHOUT(root);
  auto train = open_dataset(root / "cifar10_mini", "train");
  ASSERT_EQ(train->size(), 2000u);
  std::vector<int> counts(10);
  for (int label : train->labels()) ++counts[static_cast<std::size_t>(label)];
  EXPECT_EQ(counts, std::vector<int>(10, 200));
  EXPECT_EQ(open_dataset(root / "cifar10_mini", "test")->size(), 1000u);

  auto val = open_dataset(root / "imagenette224", "val");
  ASSERT_EQ(val->size(), 400u);
  EXPECT_EQ(val->class_names()[0], "n01440764");
  for (std::size_t i = 0; i < val->size(); i += 7) {
    Image image = val->get(i);
    EXPECT_EQ(image.width, 224);
    EXPECT_EQ(image.pixels.size(), 224u * 224 * 3);
  }
}

}  // namespace
}  // namespace frugal
