@NullMarked
package io.plinth.kvcache.persist.snapshot;

import org.jspecify.annotations.NullMarked;
