// Pictures with boxes in the forms of YOLO and Pascal VOC, beside COCO: one content, and what is wrong with a file.
#include "formats/detection/folders.h"

#include <gtest/gtest.h>

#include <sstream>

#include "frugal/image.h"
#include "support/support.h"
#include "tasks/detection/dataset.h"

namespace frugal {
namespace {

using test::TempDir;
using test::write_file;

// Two pictures of 80 x 40; on the first a dog and a cat, on the second nothing.
class DetectionFolders : public testing::Test {
 protected:
  std::string yolo() {
    const auto root = dir_ / "yolo";
    make(root / "images/train/a.png"), make(root / "images/train/b.png");
    put(root / "data.yaml", "path: .\ntrain: images/train\nval: lists/val.txt\nnc: 2\nnames: [cat, dog]\n");
    put(root / "lists/val.txt", "../images/train/a.png\n");
    put(root / "labels/train/a.txt", "1 0.375 0.5 0.25 0.5\n\n0 0.5 0.25 0.75 0.25 0.75 1.005\r\n");
    return root.string();
  }
  std::string voc() {
    const auto root = dir_ / "voc";
    make(root / "JPEGImages/a.png"), make(root / "JPEGImages/b.png");
    put(root / "ImageSets/Main/train.txt", "a\nb\n");
    put_annotation("a.xml", annotation("dog", "20 10 40 30", "0") + annotation("cat", "40 10 60 40", "0") +
                                annotation("cat", "0 0 81 40", "1"));
    put_annotation("b.xml", "");
    return root.string();
  }
  void put(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    write_file(path, text);
  }
  // Objects from line 3 on.
  void put_annotation(const char* name, const std::string& objects) {
    put(dir_ / "voc/Annotations" / name,
        "<annotation>\n<size><width>80</width><height>40</height></size>\n" + objects + "</annotation>\n");
  }
  static std::string annotation(const std::string& name, const std::string& sides, const std::string& difficult) {
    std::string out = "<object>\n<name>" + name + "</name><difficult>" + difficult + "</difficult>\n<bndbox>";
    std::istringstream in(sides);
    for (const char* side : {"xmin", "ymin", "xmax", "ymax"}) {
      std::string value;
      in >> value;
      out += std::string("<") + side + ">" + value + "</" + side + ">";
    }
    return out + "</bndbox><part><bndbox><xmin>1</xmin></bndbox></part></object>\n";
  }
  static void make(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    write_png(path.string(), Image(80, 40, 3, 90));
  }

  TempDir dir_;
};

void expect_the_two(const DetectionDataset& set) {
  EXPECT_EQ(set.class_names(), (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set.size(), 2u);
  const LabelledPicture first = set.get(0);
  ASSERT_EQ(first.boxes.size(), 2u);
  const auto expect = [](const LabelledBox& b, std::int64_t label, double x1, double y1, double x2, double y2) {
    EXPECT_EQ(b.label, label);
    EXPECT_NEAR(b.x1, x1, 1e-9);
    EXPECT_NEAR(b.y1, y1, 1e-9);
    EXPECT_NEAR(b.x2, x2, 1e-9);
    EXPECT_NEAR(b.y2, y2, 1e-9);
  };
  expect(first.boxes[0], 1, 20, 10, 40, 30);
  expect(first.boxes[1], 0, 40, 10, 60, 40);
  EXPECT_TRUE(set.get(1).boxes.empty());
}

TEST_F(DetectionFolders, Yolo) {
  const std::string root = yolo();
  expect_the_two({root, "train"});
  const DetectionDataset listed(root + "/data.yaml", "val");
  EXPECT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed.truth().objects.size(), 2u);
  EXPECT_EQ(listed.truth().images[0].file_name, "a.png");
  put(dir_ / "yolo/data.yaml", "train: images/train\nnames:\n  0: cat\n  1: dog\n");
  EXPECT_EQ(DetectionDataset(root, "train").class_names(), (std::vector<std::string>{"cat", "dog"}));
}

TEST_F(DetectionFolders, YoloSaysWhatIsWrongAndWhere) {
  const std::string root = yolo();
  for (auto [line, words] : {std::pair{"2 .5 .5 .1 .1", "no class 2"},
                             {"-1 .5 .5 .1 .1", "no class -1"},
                             {"0.5 .5 .5 .1 .1", "no class 0.5"},
                             {"0 .9 .5 .3 .1", "not inside"},
                             {"0 .5 .5 .1", "4 numbers"},
                             {"0 .5 .5 -.1 .1", "negative"},
                             {"0 .5 .5 nan .1", "list of numbers"},
                             {"dog .5 .5 .1 .1", "list of numbers"},
                             {"0 .1 .1 .2 .2 .3", "6 numbers"}}) {
    put(dir_ / "yolo/labels/train/a.txt", std::string("1 0.25 0.5 0.25 0.5\n") + line + "\n");
    EXPECT_ERROR(read_detection_folder(root, "train"), "a.txt:2: ");
    EXPECT_ERROR(read_detection_folder(root, "train"), words);
  }
  for (auto [text, words] : {std::pair{"train: images/train\n", "no key 'names'"},
                             {"names: [cat, dog]\n", "no split 'train'"},
                             {"train: images/train\nnames: [cat\n", "data.yaml:3: this is not YAML"},
                             {"train: images/train\nnames: cat\n", "data.yaml:2: 'names' must be a list"},
                             {"train: images/train\nnames: {1: cat, 2: dog}\n", "no class 0"},
                             {"train: images/train\nnames: [cat, dog]\nnc: 3\n", "data.yaml:3: 'nc'"},
                             {"train: nowhere\nnames: [cat, dog]\n", "data.yaml:1: 'nowhere'"},
                             {"[1]", "key: value"}}) {
    put(dir_ / "yolo/data.yaml", text);
    EXPECT_ERROR(read_detection_folder(root, "train"), words);
  }
}

TEST_F(DetectionFolders, Voc) {
  const std::string root = voc();
  expect_the_two({root, "train"});
  const CocoObject last = read_detection_folder(root, "train").truth.objects[2];
  EXPECT_TRUE(last.crowd);     // difficult
  EXPECT_EQ(last.box[2], 80);  // cut
  put(dir_ / "voc/labels.txt", "dog\ncat\n");
  EXPECT_EQ(DetectionDataset(root, "train").class_names(), (std::vector<std::string>{"dog", "cat"}));
}

TEST_F(DetectionFolders, VocSaysWhatIsWrongAndWhere) {
  const std::string root = voc();
  const auto refused = [&](const std::string& text, const std::string& words) {
    put_annotation("a.xml", text);
    EXPECT_ERROR(read_detection_folder(root, "train"), words);
  };
  refused(annotation("dog", "20 10 82 30", "0"), "a.xml:3: the box from (20, 10) to (82, 30) is not inside");
  refused(annotation("dog", "20 30 40 10", "0"), "a.xml:3: the box from (20, 30) to (40, 10) ends before");
  refused(annotation("dog", "20 x 40 10", "0"), "a.xml:5: <bndbox/ymin> must be a number, not 'x'");
  refused("<object>\n<name>dog</name></object>", "a.xml:3: this object has no <bndbox/xmin>");
  refused("<object><name>dog</object>", "a.xml:3: this is not valid XML: mismatched tag");
  put(dir_ / "voc/labels.txt", "dog\n");
  refused(annotation("cow", "20 10 40 30", "0"), "a.xml:4: the class 'cow' is not in labels.txt");
  std::filesystem::remove(dir_ / "voc/Annotations/b.xml");
  put_annotation("a.xml", annotation("dog", "20 10 40 30", "0"));
  EXPECT_ERROR(read_detection_folder(root, "train"), "b.xml");
  EXPECT_ERROR(read_detection_folder(root, "val"), "ImageSets/Main/val.txt");
}

// Every wrong object is told, the others are there; a picture whose file of boxes is none is left out.
TEST_F(DetectionFolders, WithFaultsTheRestIsTaken) {
  Faults faults;
  const auto count = [&](const std::string& root) {
    faults.clear();
    const DetectionFolder set = read_detection_folder(root, "train", &faults);
    EXPECT_EQ(set.files.size(), set.truth.images.size());
    return std::pair(set.files.size(), set.truth.objects.size());
  };
  std::string root = yolo();
  EXPECT_EQ(count(root), std::pair(std::size_t{2}, std::size_t{2}));
  EXPECT_TRUE(faults.empty());
  put(dir_ / "yolo/labels/train/a.txt", "7 .5 .5 .1 .1\n1 .5 .5 .1 .1\nx\n0 .9 .5 .3 .1\n0 .5 .5 .1 .1\n");
  EXPECT_EQ(count(root), std::pair(std::size_t{2}, std::size_t{2}));
  ASSERT_EQ(faults.size(), 3u);
  for (auto [i, words] : {std::pair{0, "a.txt:1: there is no class 7"}, {1, "a.txt:3: 'x'"}, {2, "a.txt:4: the box"}})
    EXPECT_NE(faults[static_cast<std::size_t>(i)].find(words), std::string::npos)
        << faults[static_cast<std::size_t>(i)];
  write_file(dir_ / "yolo/images/train/a.png", "no picture");  // whose size the boxes want
  EXPECT_EQ(count(root), std::pair(std::size_t{1}, std::size_t{0}));
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_NE(faults[0].find("a.png"), std::string::npos) << faults[0];

  root = voc();
  put_annotation("a.xml", annotation("dog", "20 10 82 30", "0") + annotation("cat", "40 10 60 40", "0"));
  EXPECT_EQ(count(root), std::pair(std::size_t{2}, std::size_t{1}));
  EXPECT_EQ(faults.size(), 1u);
  put_annotation("b.xml", "<object>");
  EXPECT_EQ(count(root), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(faults.size(), 2u);
  put_annotation("a.xml", "<object>");
  EXPECT_ERROR(count(root), "a.xml");
}

TEST_F(DetectionFolders, OtherFoldersAreRefused) {
  EXPECT_ERROR(read_detection_folder((dir_ / "nowhere").string(), "train"), "no such folder");
  EXPECT_ERROR(read_detection_folder(dir_.path().string(), "train"), "data.yaml (YOLO)");
}

}  // namespace
}  // namespace frugal
