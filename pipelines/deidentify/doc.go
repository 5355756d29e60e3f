// Package deidentify is the landing step: what happens to personal data after a
// connector has read a record and before Kafka has it (GB/T 37964-2019,
// de-identification of personal information).
//
// A citizen ID becomes a keyed pseudonym: HMAC-SM3 (GB/T 32905-2016) under a
// versioned key, truncated to 128 bits, in base32. A plain hash would be none:
// all valid numbers can be tried. Names, mobiles, cards and addresses keep their
// display form. What looks like an identifier in any other field is masked and
// counted, wherever it was typed.
//
// A stream may keep its raw citizen IDs for at most thirty days, so that a new
// key can take the old pseudonyms over. They lie in a topic of their own,
// encrypted with SM4-GCM (GB/T 32907-2016), and nowhere else.
package deidentify
