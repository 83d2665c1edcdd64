// Package frame writes and reads frame records, version 1: docs/frame-record.md in Go.
//
// It needs the standard library alone. A record is made of the parts of a Kafka message (key,
// value, headers), so it goes with any Kafka client.
package frame

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Type is the ce_type of a frame record of version 1.
const Type = "dev.videostream.frame.v1"

// Header is one header of a Kafka message. A nil Value is Kafka's null.
type Header struct {
	Name  string
	Value []byte
}

// Message is the part of a Kafka message that makes a frame record.
type Message struct {
	Key     []byte
	Value   []byte
	Headers []Header
}

// Record is one frame with all that is known about it.
type Record struct {
	Namespace   string
	Name        string
	Session     string // 16 lower-case hexadecimal digits, drawn at each start of the producer
	Sequence    int64
	CaptureTime time.Time // to the nanosecond
	Width       int       // pixels of JPEG
	Height      int
	JPEG        []byte
	Thumbnail   []byte // gray JPEG of this frame; nil: none
	Reference   []byte // thumbnail of the frame before; nil: none
	// ReferenceSequence is the number of the frame before; nil: it was dropped, or there is none.
	ReferenceSequence *int64
}

// UnknownTypeError says that a message is something else than a frame record of version 1.
// A reader skips and counts such messages.
type UnknownTypeError struct{ Type string }

func (e *UnknownTypeError) Error() string { return fmt.Sprintf("ce_type is %q", e.Type) }

// InvalidError names the field at fault of a message that claims to be a frame record.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string { return e.Field + ": " + e.Problem }

var (
	dnsLabel = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	session  = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// check refuses what must not stand in a record, whether it is to be written or was read.
func (r *Record) check() error {
	switch {
	case !dnsLabel.MatchString(r.Namespace) || !dnsLabel.MatchString(r.Name):
		return &InvalidError{"ce_source", "namespace and name must be DNS labels"}
	case !session.MatchString(r.Session):
		return &InvalidError{"ce_session", "must be 16 lower-case hexadecimal digits"}
	case r.Sequence < 0:
		return &InvalidError{"ce_sequence", "must not be negative"}
	case r.CaptureTime.UnixNano() < 0:
		return &InvalidError{"ce_capturetimens", "must not be before 1970"}
	case r.Width < 1 || r.Width > 65535:
		return &InvalidError{"ce_width", "must be 1 to 65535"}
	case r.Height < 1 || r.Height > 65535:
		return &InvalidError{"ce_height", "must be 1 to 65535"}
	case !wholeJPEG(r.JPEG):
		return &InvalidError{"value", "must be a whole JPEG"}
	case r.Thumbnail != nil && !wholeJPEG(r.Thumbnail):
		return &InvalidError{"vst-thumbnail", "must be a whole JPEG"}
	case r.Reference != nil && !wholeJPEG(r.Reference):
		return &InvalidError{"vst-reference", "must be a whole JPEG"}
	case r.ReferenceSequence == nil:
		return nil
	case r.Reference == nil:
		return &InvalidError{"vst-reference-sequence", "must not stand without vst-reference"}
	case *r.ReferenceSequence < 0 || *r.ReferenceSequence >= r.Sequence:
		return &InvalidError{"vst-reference-sequence", "must be smaller than ce_sequence"}
	}
	return nil
}

func wholeJPEG(data []byte) bool {
	return bytes.HasPrefix(data, []byte("\xff\xd8\xff")) && bytes.HasSuffix(data, []byte("\xff\xd9"))
}

func (r *Record) key() string { return r.Namespace + "/" + r.Name }

func (r *Record) source() string {
	return "/namespaces/" + r.Namespace + "/videostreams/" + r.Name
}

func (r *Record) id() string { return r.Session + "-" + strconv.FormatInt(r.Sequence, 10) }

// timeText cuts the capture time to microseconds; Format never rounds.
func (r *Record) timeText() string {
	return r.CaptureTime.UTC().Format("2006-01-02T15:04:05.000000Z")
}
