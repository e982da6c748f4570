/* What FatFs is compiled for: it only reads, knows short names, one volume, sectors of 512 bytes. */
#define FFCONF_DEF 86606 /* the release that these settings belong to; it refuses others */

/* As little as possible. */
#define FF_FS_READONLY 1
#define FF_FS_MINIMIZE 1
#define FF_FS_TINY 1
#define FF_FS_EXFAT 0
#define FF_FS_RPATH 0
#define FF_FS_NOFSINFO 3
#define FF_FS_LOCK 0
#define FF_FS_REENTRANT 0
#define FF_USE_STRFUNC 0
#define FF_USE_FIND 0
#define FF_USE_MKFS 0
#define FF_USE_FASTSEEK 0
#define FF_USE_EXPAND 0
#define FF_USE_CHMOD 0
#define FF_USE_LABEL 0
#define FF_USE_FORWARD 0
#define FF_USE_TRIM 0

/* The name of a file is only looked at for its end. */
#define FF_USE_LFN 0
#define FF_CODE_PAGE 437

/* The card, or its first partition with a FAT. */
#define FF_VOLUMES 1
#define FF_STR_VOLUME_ID 0
#define FF_MULTI_PARTITION 0
#define FF_MIN_SS 512
#define FF_MAX_SS 512
#define FF_LBA64 0
