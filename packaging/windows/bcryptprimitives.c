/* Test aid for wine 8, which lacks bcryptprimitives.dll: Rust's standard library asks it for random bytes.
 * Forwards to the same source in advapi32. Never shipped. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
