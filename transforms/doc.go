// Package transforms turns the records of one stream into rows of one theme
// entity: a chunk of envelopes in, an Arrow batch and the rejects out.
//
// It is pure: no I/O, no clock, no randomness. The same plan and the same
// chunk give the same batch and the same rejects on every machine, which is
// what makes it safe to repeat a load. A flow is compiled once into a [Plan];
// [Plan.Apply] then puts every row either into the batch or into the rejects,
// never both and never neither.
//
// Normalisation follows one order for every field: decode, strip spaces and
// invisible characters, bring the width and composition of characters to one
// form, turn placeholders into null, parse the type, convert the unit, resolve
// the code list or the division, check required columns, check the entity's
// rules. What was done on the way is kept in the row's flags ([Flag]).
package transforms
