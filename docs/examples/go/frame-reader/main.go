// Command frame-reader prints the frame records of a topic as JSON, one line each.
//
// It decodes all pictures, so a line tells that another process can do so too:
//
//	frame-reader -brokers localhost:9094 -topic videostream.default.gate -count 10
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/jpeg"
	"log"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"videostream.dev/examples/go/frame"
)

// line is what is printed for a message: where it lies, and then a record, or why there is none.
type line struct {
	Partition         int32    `json:"partition"`
	Offset            int64    `json:"offset"`
	Skipped           string   `json:"skipped,omitempty"`
	Invalid           string   `json:"invalid,omitempty"`
	Stream            string   `json:"stream,omitempty"`
	Session           string   `json:"session,omitempty"`
	Sequence          *int64   `json:"sequence,omitempty"`
	CaptureTimeNs     int64    `json:"captureTimeNs,omitempty"`
	Width             int      `json:"width,omitempty"`
	Height            int      `json:"height,omitempty"`
	Picture           *picture `json:"picture,omitempty"`
	Thumbnail         *picture `json:"thumbnail,omitempty"`
	Reference         *picture `json:"reference,omitempty"`
	ReferenceSequence *int64   `json:"referenceSequence,omitempty"`
}

type picture struct {
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	MeanGray float64 `json:"meanGray"`
	SHA256   string  `json:"sha256"`
}

func main() {
	brokers := flag.String("brokers", "localhost:9092", "addresses of the brokers, with commas")
	topic := flag.String("topic", "", "topic to read from its first record on")
	count := flag.Int("count", 0, "end after this many records; 0: go on for ever")
	flag.Parse()
	if err := run(strings.Split(*brokers, ","), *topic, *count); err != nil {
		log.Fatal(err)
	}
}

func run(brokers []string, topic string, count int) error {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers...),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
	)
	if err != nil {
		return err
	}
	defer client.Close()
	out := json.NewEncoder(os.Stdout)
	for printed := 0; ; {
		fetches := client.PollFetches(context.Background())
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			if err := out.Encode(describe(record)); err != nil {
				return err
			}
			if printed++; printed == count {
				return nil
			}
		}
	}
}

func describe(message *kgo.Record) line {
	said := line{Partition: message.Partition, Offset: message.Offset}
	headers := make([]frame.Header, len(message.Headers))
	for i, header := range message.Headers {
		headers[i] = frame.Header{Name: header.Key, Value: header.Value}
	}
	record, err := frame.Decode(
		frame.Message{Key: message.Key, Value: message.Value, Headers: headers},
	)
	if err == nil {
		err = said.fill(record)
	}
	var unknown *frame.UnknownTypeError
	switch {
	case errors.As(err, &unknown):
		said.Skipped = unknown.Error()
	case err != nil:
		said = line{Partition: said.Partition, Offset: said.Offset, Invalid: err.Error()}
	}
	return said
}

func (l *line) fill(record *frame.Record) (err error) {
	l.Stream = record.Namespace + "/" + record.Name
	l.Session = record.Session
	l.Sequence = &record.Sequence
	l.CaptureTimeNs = record.CaptureTime.UnixNano()
	l.Width, l.Height = record.Width, record.Height
	l.ReferenceSequence = record.ReferenceSequence
	if l.Picture, err = decode("value", record.JPEG); err != nil {
		return err
	}
	if l.Thumbnail, err = decode("vst-thumbnail", record.Thumbnail); err != nil {
		return err
	}
	l.Reference, err = decode("vst-reference", record.Reference)
	return err
}

// decode gives nil for a picture that is not there.
func decode(field string, data []byte) (*picture, error) {
	if data == nil {
		return nil, nil
	}
	decoded, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	size := decoded.Bounds()
	return &picture{
		Width:    size.Dx(),
		Height:   size.Dy(),
		MeanGray: meanGray(decoded),
		SHA256:   fmt.Sprintf("%x", sha256.Sum256(data)),
	}, nil
}

// meanGray is the mean of a JPEG's luma, 0 to 255.
func meanGray(decoded image.Image) float64 {
	size := decoded.Bounds()
	sum := 0
	for y := size.Min.Y; y < size.Max.Y; y++ {
		for x := size.Min.X; x < size.Max.X; x++ {
			switch picture := decoded.(type) {
			case *image.Gray:
				sum += int(picture.GrayAt(x, y).Y)
			case *image.YCbCr:
				sum += int(picture.YCbCrAt(x, y).Y)
			}
		}
	}
	return float64(sum) / float64(size.Dx()*size.Dy())
}
