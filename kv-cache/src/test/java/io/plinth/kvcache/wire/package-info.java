@NullMarked
package io.plinth.kvcache.wire;

import org.jspecify.annotations.NullMarked;
