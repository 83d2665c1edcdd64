package frame

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

var known = []string{
	"content-type", "ce_specversion", "ce_type", "ce_source", "ce_id", "ce_time", "ce_session",
	"ce_sequence", "ce_capturetimens", "ce_width", "ce_height",
	"vst-thumbnail", "vst-reference", "vst-reference-sequence",
}

// Decode reads a message as a frame record. It fails with UnknownTypeError for what is none of
// version 1, with InvalidError for one that breaks a rule.
func Decode(message Message) (*Record, error) {
	found := fields{values: map[string][]byte{}}
	for _, header := range message.Headers {
		found.add(header)
	}
	if kind := string(found.values["ce_type"]); kind != Type {
		return nil, &UnknownTypeError{kind}
	}
	found.expect("ce_specversion", "1.0")
	found.expect("content-type", "image/jpeg")
	record := &Record{
		Session:     found.text("ce_session"),
		Sequence:    found.decimal("ce_sequence"),
		CaptureTime: time.Unix(0, found.decimal("ce_capturetimens")).UTC(),
		Width:       int(found.decimal("ce_width")),
		Height:      int(found.decimal("ce_height")),
		JPEG:        message.Value,
		Thumbnail:   found.values["vst-thumbnail"],
		Reference:   found.values["vst-reference"],
	}
	source := strings.TrimPrefix(found.text("ce_source"), "/namespaces/")
	record.Namespace, record.Name, _ = strings.Cut(source, "/videostreams/")
	if _, there := found.values["vst-reference-sequence"]; there {
		number := found.decimal("vst-reference-sequence")
		record.ReferenceSequence = &number
	}
	if found.err != nil {
		return nil, found.err
	}
	if err := record.check(); err != nil {
		return nil, err
	}
	// What is said twice must be said alike: nobody can know which of the two is right.
	found.expect("ce_source", record.source())
	found.expect("ce_id", record.id())
	found.expect("ce_time", record.timeText())
	if message.Key != nil && string(message.Key) != record.key() {
		found.fail("key", "is not the stream of ce_source")
	}
	if found.err != nil {
		return nil, found.err
	}
	return record, nil
}

// fields are the known headers by name, and the first thing that is wrong with them.
type fields struct {
	values map[string][]byte
	err    error
}

func (f *fields) fail(field, problem string) {
	if f.err == nil {
		f.err = &InvalidError{field, problem}
	}
}

func (f *fields) add(header Header) {
	if !slices.Contains(known, header.Name) || header.Value == nil {
		return
	}
	if _, twice := f.values[header.Name]; twice {
		f.fail(header.Name, "occurs twice")
	}
	f.values[header.Name] = header.Value
}

func (f *fields) text(name string) string {
	value, there := f.values[name]
	if !there {
		f.fail(name, "is absent")
	}
	return string(value)
}

// decimal takes the one spelling that a number has: its own.
func (f *fields) decimal(name string) int64 {
	text := f.text(name)
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 || strconv.FormatInt(number, 10) != text {
		f.fail(name, "is no decimal number up to 2^63 - 1 without sign and leading zeros")
	}
	return number
}

func (f *fields) expect(name, value string) {
	if text := f.text(name); text != value {
		f.fail(name, fmt.Sprintf("is %q, expected %q", text, value))
	}
}
