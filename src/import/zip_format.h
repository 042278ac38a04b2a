// Sizes and magic numbers of the .zip format, for its reader and its writer.
#pragma once

enum {
    VCH_ZIP_END_SIZE = 22,   // of the end record, without its comment
    VCH_ZIP_ENTRY_SIZE = 46, // of a directory entry, without name, extra and comment
    VCH_ZIP_LOCAL_SIZE = 30, // of a local header, likewise
};

#define VCH_ZIP_END_MAGIC 0x06054b50u   // check: int.from_bytes(b"PK\5\6", "little")
#define VCH_ZIP_ENTRY_MAGIC 0x02014b50u // check: int.from_bytes(b"PK\1\2", "little")
#define VCH_ZIP_LOCAL_MAGIC 0x04034b50u // check: int.from_bytes(b"PK\3\4", "little")
