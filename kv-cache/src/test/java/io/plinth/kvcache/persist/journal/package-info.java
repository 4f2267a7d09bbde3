@NullMarked
package io.plinth.kvcache.persist.journal;

import org.jspecify.annotations.NullMarked;
