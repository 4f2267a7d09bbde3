/** The journal: effects in Chronicle Queue, by one thread, and what is found of them after a crash. */
@NullMarked
package io.plinth.kvcache.persist.journal;

import org.jspecify.annotations.NullMarked;
