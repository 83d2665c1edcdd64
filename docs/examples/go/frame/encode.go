package frame

import "strconv"

// Encode gives the Kafka message of a record. Its timestamp must be r.CaptureTime as well; its
// partition depends on the stream's partitioning.
func (r *Record) Encode() (Message, error) {
	if err := r.check(); err != nil {
		return Message{}, err
	}
	decimal := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	headers := []Header{
		{"content-type", []byte("image/jpeg")},
		{"ce_specversion", []byte("1.0")},
		{"ce_type", []byte(Type)},
		{"ce_source", []byte(r.source())},
		{"ce_id", []byte(r.id())},
		{"ce_time", []byte(r.timeText())},
		{"ce_session", []byte(r.Session)},
		{"ce_sequence", decimal(r.Sequence)},
		{"ce_capturetimens", decimal(r.CaptureTime.UnixNano())},
		{"ce_width", decimal(int64(r.Width))},
		{"ce_height", decimal(int64(r.Height))},
	}
	if r.Thumbnail != nil {
		headers = append(headers, Header{"vst-thumbnail", r.Thumbnail})
	}
	if r.Reference != nil {
		headers = append(headers, Header{"vst-reference", r.Reference})
	}
	if r.ReferenceSequence != nil {
		headers = append(headers, Header{"vst-reference-sequence", decimal(*r.ReferenceSequence)})
	}
	return Message{Key: []byte(r.key()), Value: r.JPEG, Headers: headers}, nil
}
