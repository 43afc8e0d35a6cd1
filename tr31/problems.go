package tr31

// What an [Error] says is wrong. The values at fault are in Found, those that
// would have passed in Wanted.
const (
	// The block as a whole.
	problemTooLong     = "the block is too long"
	problemTooShort    = "the block is shorter than its header"
	problemUnprintable = "the block has a character that is not printable ASCII"
	problemSpaces      = "the block has spaces, which are not part of a key block"

	// Version and length.
	problemVersion     = "the version of the block is unknown"
	problemPrefix      = "the letter before the block is the key scheme of a payShield host command and not part of a key block"
	problemProprietary = "the block is a proprietary Thales key block, which is not a TR-31 block"
	problemLengthForm  = "the length field is not four decimal digits"
	problemLength      = "the length field does not match the block"

	// Header.
	problemHeaderLength  = "the header has a wrong length"
	problemHeaderChar    = "the header has a character that is not printable ASCII"
	problemUsage         = "the key usage is not a code of the standard"
	problemAlgorithm     = "the algorithm is not a code of the standard"
	problemModeOfUse     = "the mode of use is not a code of the standard"
	problemKeyVersion    = "the key version is not two letters or digits"
	problemExportability = "the exportability is not a code of the standard"
	problemContext       = "the key context is not a code of the standard"
	problemReserved      = "the reserved character is not 0"
	problemCount         = "the number of optional blocks is not two decimal digits"

	// Optional blocks.
	problemBlockEnd     = "the block ends within an optional block"
	problemBlockID      = "the id of an optional block is not two letters or digits"
	problemLongForm     = "the extended length of an optional block does not begin with 04"
	problemBlockHex     = "the length of an optional block is not upper-case hexadecimal"
	problemBlockShort   = "the length of an optional block is less than that of its id and length"
	problemBlockPast    = "the length of an optional block goes past the end of the key block"
	problemManyBlocks   = "there are too many optional blocks"
	problemBlockChar    = "the data of an optional block has a character that is not printable ASCII"
	problemBlockTwice   = "an optional block appears twice"
	problemPaddingPlace = "the padding block PB is not the last optional block"
	problemBlockData    = "the data of an optional block does not have the format of its id"
	problemPadding      = "the optional blocks do not fill whole cipher blocks"

	// Key data and MAC.
	problemUpperHex = "the key data or the MAC has a character that is not an upper-case hexadecimal digit"
	problemHex      = "the key data or the MAC has a character that is not a hexadecimal digit"
	problemNoRoom   = "the block is too short for key data and MAC"
	problemPartial  = "the key data is not a whole number of cipher blocks"
	problemMAC      = "the MAC does not verify under this key"

	// Protection key.
	problemNoKBPK      = "the protection key is missing"
	problemKBPK        = "the protection key has a wrong length"
	problemKBPKVersion = "the length of the protection key does not fit the version of the block"
	problemVariants    = "the keys of the version are variants of the protection key and not derived by a MAC"
	problemServes      = "the protection key serves another version than that of the block"

	// The key inside.
	problemNoKey     = "the key is empty"
	problemInside    = "the key data states an impossible length of the key"
	problemKeyLength = "the length of the key does not fit its algorithm"
)
