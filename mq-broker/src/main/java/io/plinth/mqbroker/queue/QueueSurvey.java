package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.queue.ready.QueueEntry;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stream.StreamQueues;
import io.plinth.mqbroker.wire.ContentProperties;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Owned by its shard's loop. The numbers of all its queues, for management. */
final class QueueSurvey {
    /** So many first messages whose content left memory are read for one answer; others are told of in one of the next. */
    private static final int MOST_READ = 256;

    private record Head(MessageQueue queue, QueueEntry entry) {}

    private final Journal journal;
    private final Backlog backlog;
    private final DeadLetters deadLetters;
    private final StreamQueues streams;
    private final Clock clock;

    QueueSurvey(Journal journal, Backlog backlog, DeadLetters deadLetters, StreamQueues streams, Clock clock) {
        this.journal = journal;
        this.backlog = backlog;
        this.deadLetters = deadLetters;
        this.streams = streams;
        this.clock = clock;
    }

    /** Replies on the shard's loop, once what their first messages say is read. */
    void of(Collection<MessageQueue> queues, Consumer<Map<Long, QueueReport>> reply) {
        List<Head> heads = new ArrayList<>();
        for (MessageQueue queue : queues) {
            QueueEntry head = queue.ready().head();
            if (head != null && heads.size() < MOST_READ && look(queue, head)) {
                heads.add(new Head(queue, head));
            }
        }
        if (heads.isEmpty()) {
            reply.accept(reports(queues));
            return;
        }
        List<Message> messages =
                heads.stream().map(head -> head.entry().message).toList();
        backlog.peek(messages, contents -> {
            for (int i = 0; i < contents.size(); i++) {
                Head head = heads.get(i);
                head.queue().headSays(head.entry().id, timestamp(contents.get(i)));
            }
            reply.accept(reports(queues));
        });
    }

    /** Whether what the first message says is to be read. */
    private static boolean look(MessageQueue queue, QueueEntry head) {
        Content content = head.message.content();
        if (content != null) {
            queue.headSays(head.id, timestamp(content));
        }
        return !queue.knowsHead(head.id) && !head.message.isLost();
    }

    private static long timestamp(@Nullable Content content) {
        return content == null ? -1 : ContentProperties.timestamp(content.properties());
    }

    private Map<Long, QueueReport> reports(Collection<MessageQueue> queues) {
        Map<Long, QueueReport> all = new HashMap<>();
        long now = clock.millis();
        for (MessageQueue queue : queues) {
            all.put(queue.id(), queue.report(now, journal.now(), state(queue)));
        }
        streams.survey(all);
        return all;
    }

    private QueueReport.State state(MessageQueue queue) {
        if (queue.ref().survives() && journal.failed()) {
            return QueueReport.State.CRASHED;
        }
        return (queue.ref().survives() && journal.refuses()) || deadLetters.most(queue)
                ? QueueReport.State.FLOW
                : QueueReport.State.RUNNING;
    }
}
