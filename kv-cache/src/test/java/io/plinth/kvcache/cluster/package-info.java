@NullMarked
package io.plinth.kvcache.cluster;

import org.jspecify.annotations.NullMarked;
