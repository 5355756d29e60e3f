package embedded

import "time"

// ShortenPauses lets a test see all restarts of a child that keeps dying.
func ShortenPauses(s *Supervisor) { s.pause = time.Millisecond }
