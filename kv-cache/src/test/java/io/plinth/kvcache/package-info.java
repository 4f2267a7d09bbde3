@NullMarked
package io.plinth.kvcache;

import org.jspecify.annotations.NullMarked;
