package transforms

import "strings"

// Flag is a bit of the column q_flags: what happened to a row on its way that
// an analyst may want to know, although the row is good enough to keep. The
// positions are stored in the warehouse and never change.
type Flag uint32

// The flags, in the order of their bits. Those marked (elsewhere) are part of
// the stored vocabulary and are raised by other stages.
const (
	EncRepaired Flag = 1 << iota // mojibake was turned back (elsewhere: connectors)
	EncLoss                      // a character was lost: the text holds U+FFFD
	WidthFixed                   // full-width or compatibility characters were brought to plain ones
	DateAmbig                    // an epoch value is midnight in no known zone offset
	DateRange                    // a date outside the plausible range was seen (elsewhere: batch profiles)
	UnitConv                     // the value was converted from another unit
	CodeAlias                    // a code was found by one of its names, not by itself
	CodeUnknown                  // a code was not in its list (elsewhere: pending lists)
	DivRemapped                  // the division was moved to its successor (elsewhere: crosswalks)
	DivAmbig                     // the division was split and no share is documented (elsewhere: crosswalks)
	DivUnknown                   // the division is not in the register (elsewhere: crosswalks)
	IDBad                        // an optional identifier, such as a telephone number, was unusable and dropped
	USCCBad                      // the organisation part inside a credit code fails its own check digit
	USCCExt                      // the credit code has category 4 or 5 of department 5 (not in the published table)
	DupKey                       // the key stood twice in one delivery (elsewhere: connectors)
	Late                         // the record arrived after its period was closed (elsewhere: warehouse)
	Outlier                      // the value breaks the pattern of its series (elsewhere: warehouse)
	SumMismatch                  // parts do not add up to the whole (elsewhere: warehouse)
	P5Dropped                    // a prohibited field was dropped (elsewhere: connectors)
	Placeholder                  // a word such as 无 or a number such as 999999 stood for "no value"
)

var flagNames = [...]string{
	"ENC_REPAIRED", "ENC_LOSS", "WIDTH_FIXED", "DATE_AMBIG", "DATE_RANGE", "UNIT_CONV", "CODE_ALIAS",
	"CODE_UNKNOWN", "DIV_REMAPPED", "DIV_AMBIG", "DIV_UNKNOWN", "ID_BAD", "USCC_BAD", "USCC_EXT", "DUP_KEY",
	"LATE", "OUTLIER", "SUM_MISMATCH", "P5_DROPPED", "PLACEHOLDER",
}

// String lists the names of the set flags, joined with '|'.
func (f Flag) String() string {
	var names []string
	for i, n := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, "|")
}
