@NullMarked
package io.plinth.kit.file;

import org.jspecify.annotations.NullMarked;
