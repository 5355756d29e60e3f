// Package pii knows what direct identifiers of natural persons look like: how
// a citizen ID is checked (GB 11643-1999), how ID numbers, mobile telephone
// numbers and bank cards are found in any text, and in which masked form they
// may be shown.
//
// It is pure and holds no keys. Pseudonyms are made in pipelines/deidentify.
package pii
