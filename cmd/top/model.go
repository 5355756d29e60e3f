package top

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rongtong/pipelines/control"
	"rongtong/schemas/pii"
)

// Source is who is asked: a control.Monitor.
type Source interface {
	Glance(ctx context.Context) (*control.Glance, error)
}

// Options say how the view runs.
type Options struct {
	View
	Every time.Duration // between two questions
	Out   io.Writer
	In    io.Reader
}

// answerWithin is how long a round of questions may take.
const answerWithin = 20 * time.Second

func ask(ctx context.Context, s Source) (*control.Glance, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return s.Glance(ctx)
}

// Once writes one frame, with the rates between two looks.
func Once(ctx context.Context, s Source, o Options) error {
	seen := &Seen{}
	for i := range 2 {
		if i > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(o.Every):
			}
		}
		g, err := ask(ctx, s)
		if err != nil {
			return err
		}
		seen.Add(g)
	}
	_, err := fmt.Fprintln(o.Out, seen.Frame(o.View))
	return err
}

// Plain writes a frame every so often until ctx ends: for where there is no
// terminal, such as a log.
func Plain(ctx context.Context, s Source, o Options) error {
	seen := &Seen{}
	for {
		g, err := ask(ctx, s)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the person left
		}
		o.Trouble = ""
		if err != nil {
			o.Trouble = pii.MaskString(err.Error())
		} else {
			seen.Add(g)
		}
		if _, err := fmt.Fprintln(o.Out, seen.Frame(o.View)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.Every):
		}
	}
}

// Run shows the live view until the person quits or ctx ends.
func Run(ctx context.Context, s Source, o Options) error {
	m := &model{ctx: ctx, o: o, v: o.View, source: s}
	m.v.Colour = true
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out)).Run()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the person left
	}
	return err
}

// model is the view as bubbletea runs it.
type model struct {
	ctx  context.Context
	o    Options
	v    View
	seen Seen

	source Source
}

// answered is a question's answer.
type answered struct {
	g   *control.Glance
	err error
}

// due says that it is time to ask again.
type due struct{}

func (m *model) ask() tea.Msg {
	g, err := ask(m.ctx, m.source)
	return answered{g, err}
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return m.ask }

// View implements tea.Model.
func (m *model) View() tea.View {
	v := tea.NewView("")
	if m.v.Width > 0 {
		v.Content = m.seen.Frame(m.v)
	}
	v.AltScreen = true
	v.WindowTitle = "rongtong top"
	return v
}

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.v.Width, m.v.Height = msg.Width, msg.Height
	case answered:
		m.v.Trouble = ""
		if msg.err != nil {
			m.v.Trouble = pii.MaskString(msg.err.Error())
		} else if !m.v.Paused {
			m.seen.Add(msg.g)
		}
		return m, tea.Tick(m.o.Every, func(time.Time) tea.Msg { return due{} })
	case due:
		return m, m.ask
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// key does what a key says.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	name := k.String()
	switch {
	case name == "ctrl+c":
		return tea.Quit
	case m.v.Help:
		m.v.Help = false
		return nil
	case m.v.Typing:
		m.typing(k, name)
		return nil
	}
	switch name {
	case "q":
		return tea.Quit
	case "s":
		m.v.Order, m.v.Offset = (m.v.Order+1)%orders, 0
	case "t":
		m.v.Tier, m.v.Offset = m.nextTier(), 0
	case "/":
		m.v.Typing, m.v.Offset = true, 0
	case "esc":
		m.v.Filter, m.v.Tier, m.v.Offset = "", "", 0
	case "p":
		m.v.Paused = !m.v.Paused
	case "l":
		m.v.Lang = map[string]string{"zh": "en"}[m.v.Lang]
		if m.v.Lang == "" {
			m.v.Lang = "zh"
		}
	case "?", "h":
		m.v.Help = true
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup":
		m.scroll(-10)
	case "pgdown":
		m.scroll(10)
	}
	return nil
}

func (m *model) typing(k tea.KeyPressMsg, name string) {
	switch name {
	case "enter":
		m.v.Typing = false
	case "esc":
		m.v.Typing, m.v.Filter = false, ""
	case "backspace":
		if r := []rune(m.v.Filter); len(r) > 0 {
			m.v.Filter = string(r[:len(r)-1])
		}
	default:
		m.v.Filter += k.Text
	}
}

func (m *model) scroll(by int) {
	if g := m.seen.Last(); g != nil {
		m.v.Offset = max(0, min(m.v.Offset+by, len(g.Streams)-1))
	}
}

// nextTier goes through all tiers, then each.
func (m *model) nextTier() string {
	g := m.seen.Last()
	if g == nil {
		return ""
	}
	i := slices.IndexFunc(g.Tiers, func(t control.TierGlance) bool { return t.Tier == m.v.Tier })
	if i+1 == len(g.Tiers) {
		return ""
	}
	return g.Tiers[i+1].Tier
}
