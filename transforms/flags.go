package transforms

import "rongtong/schemas"

// Flag is schemas.Flag: a bit of the column q_flags.
type Flag = schemas.Flag

// The flags that normalisers raise. Rules of entities raise others by name.
const (
	EncLoss     = schemas.EncLoss
	WidthFixed  = schemas.WidthFixed
	DateAmbig   = schemas.DateAmbig
	UnitConv    = schemas.UnitConv
	CodeAlias   = schemas.CodeAlias
	DivRemapped = schemas.DivRemapped
	DivAmbig    = schemas.DivAmbig
	IDBad       = schemas.IDBad
	USCCBad     = schemas.USCCBad
	USCCExt     = schemas.USCCExt
	P5Dropped   = schemas.P5Dropped
	Placeholder = schemas.Placeholder
)
