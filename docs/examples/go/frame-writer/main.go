// Command frame-writer sends JPEG files as the frames of a VideoStream, as a camera would.
//
//	frame-writer -brokers localhost:9094 -stream default/gate -fps 5 one.jpg two.jpg three.jpg
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"log"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	scaling "golang.org/x/image/draw"

	"videostream.dev/examples/go/frame"
)

const (
	thumbnailWidth   = 128 // frames.reference.width of the VideoStream
	thumbnailQuality = 85
	maxMessageBytes  = 2 << 20 // kafka.topic.maxMessageBytes of the VideoStream
)

func main() {
	brokers := flag.String("brokers", "localhost:9092", "addresses of the brokers, with commas")
	stream := flag.String("stream", "default/camera", "namespace/name of the VideoStream")
	topic := flag.String("topic", "", "topic; by default the one of the VideoStream's name")
	fps := flag.Float64("fps", 5, "frames per second")
	flag.Parse()
	if err := run(strings.Split(*brokers, ","), *stream, *topic, *fps, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(brokers []string, stream, topic string, fps float64, files []string) error {
	if !(fps > 0) {
		return fmt.Errorf("-fps is %v, expected more than 0", fps)
	}
	namespace, name, _ := strings.Cut(stream, "/")
	if topic == "" {
		topic = "videostream." + namespace + "." + name
	}
	client, err := newClient(brokers, topic)
	if err != nil {
		return err
	}
	defer client.Close()
	session := make([]byte, 8)
	rand.Read(session)
	next := frame.Record{
		Namespace:   namespace,
		Name:        name,
		Session:     fmt.Sprintf("%x", session),
		CaptureTime: time.Unix(0, 0),
	}
	ticker := time.NewTicker(time.Duration(float64(time.Second) / fps))
	defer ticker.Stop()
	for _, file := range files {
		next.CaptureTime = later(<-ticker.C, next.CaptureTime)
		if err := fill(&next, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if err := send(client, &next); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		sent := next.Sequence
		next.Reference, next.ReferenceSequence = next.Thumbnail, &sent
		next.Sequence++
	}
	return nil
}

// later keeps capture times strictly increasing, also when somebody sets the clock back: they
// identify frames.
func later(now, before time.Time) time.Time {
	if now.UnixNano() > before.UnixNano() {
		return now
	}
	return time.Unix(0, before.UnixNano()+1)
}

// newClient relies on franz-go's defaults: an idempotent producer that waits for all replicas.
func newClient(brokers []string, topic string) (*kgo.Client, error) {
	return kgo.NewClient(
		kgo.SeedBrokers(brokers...),
		kgo.DefaultProduceTopic(topic),
		kgo.ProducerBatchMaxBytes(maxMessageBytes),
		kgo.ProducerBatchCompression(kgo.NoCompression()), // a JPEG is compressed already
		// Interleaved: the client asks with the number of partitions that it knows of now.
		kgo.RecordPartitioner(kgo.BasicConsistentPartitioner(
			func(string) func(*kgo.Record, int) int {
				return func(record *kgo.Record, partitions int) int {
					return int(record.Context.Value(sequenceKey{}).(int64) % int64(partitions))
				}
			},
		)),
	)
}

type sequenceKey struct{}

// send waits for the brokers' word, so the sequence counts what Kafka has: it has no gap.
func send(client *kgo.Client, record *frame.Record) error {
	message, err := record.Encode()
	if err != nil {
		return err
	}
	out := &kgo.Record{
		Key:       message.Key,
		Value:     message.Value,
		Timestamp: record.CaptureTime,
		Context:   context.WithValue(context.Background(), sequenceKey{}, record.Sequence),
	}
	for _, header := range message.Headers {
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: header.Name, Value: header.Value})
	}
	return client.ProduceSync(context.Background(), out).FirstErr()
}

// fill sets the pictures of a record: the file as it is, and its thumbnail.
func fill(record *frame.Record, file string) (err error) {
	if record.JPEG, err = os.ReadFile(file); err != nil {
		return err
	}
	picture, err := jpeg.Decode(bytes.NewReader(record.JPEG))
	if err != nil {
		return err
	}
	record.Width, record.Height = picture.Bounds().Dx(), picture.Bounds().Dy()
	record.Thumbnail, err = thumbnail(picture)
	return err
}

// thumbnail scales by a filter that averages all pixels: a picked pixel's noise is not averaged
// out, and would look like motion.
func thumbnail(picture image.Image) ([]byte, error) {
	size := picture.Bounds()
	width := min(thumbnailWidth, size.Dx())
	height := max(1, (size.Dy()*width+size.Dx()/2)/size.Dx())
	gray := image.NewGray(size)
	draw.Draw(gray, size, picture, size.Min, draw.Src)
	small := image.NewGray(image.Rect(0, 0, width, height))
	scaling.BiLinear.Scale(small, small.Bounds(), gray, size, draw.Src, nil)
	var out bytes.Buffer
	err := jpeg.Encode(&out, small, &jpeg.Options{Quality: thumbnailQuality})
	return out.Bytes(), err
}
