@NullMarked
package io.plinth.kvcache.listen;

import org.jspecify.annotations.NullMarked;
